"""What becomes of an account after it was made: found again, another key, another contact, its
end; and revocation (RFC 8555 7.3 and 7.6, field guide rules 4, 15 and 16)."""

import json
import os
import signal
import time

import pytest

from lib import faults, process
from lib.site import Site

NAME = "www.example.org"

pytestmark = pytest.mark.servers("nginx")


def account(server, name="pebble"):
    told = json.loads(server.acmectl("account", "show", name, "--json").output)
    return told["issuers"][0]


def start(server, pebble, **settings):
    server.configure([Site(NAME)], [pebble.issuer(**settings)])
    server.start()
    certificate = server.wait_for_certificate(NAME, pebble)
    server.wait_for_log("certificate obtained")
    return certificate


def renew(server, pebble, before):
    done = server.acmectl("renew", NAME)
    assert done.ok, done
    return server.wait_for_certificate(NAME, pebble, unlike=before)


def key_of(server):
    return (server.state_path / "issuers" / "pebble" / "key").read_text()


def is_revoked(pebble, certificate):
    return pebble.status_of(certificate.serial)["Status"] == "Revoked"


def key_in(certificate):
    return certificate.x509.public_key().public_numbers()


# Another key.

def test_the_operator_rolls_the_key_over_and_orders_go_on(server, pebble):
    first = start(server, pebble)
    url, key = account(server)["account"], key_of(server)
    done = server.acmectl("account", "rollover", "pebble")
    assert done.ok and "has a new key" in done.output, done
    assert key_of(server) != key
    assert account(server)["account"] == url
    renew(server, pebble, first)
    assert pebble.accounts() == 1


@pytest.mark.parametrize("key", ["ecdsa:521", "rsa:3072"])
def test_another_kind_of_key_is_rolled_over_to_at_a_reload(server, pebble, key):
    first = start(server, pebble, account_key="ecdsa:384")
    server.configure([Site(NAME)], [pebble.issuer(account_key=key)])
    server.reload()
    server.wait_for_log("has a new key")
    assert account(server)["key"] == key
    renew(server, pebble, first)
    assert pebble.accounts() == 1


def test_an_operators_key_takes_over_and_one_without_its_predecessor_is_another_account(
        server, pebble, authority, folder):
    first = start(server, pebble)
    for name in ("first", "second"):
        _, key = authority.issue(f"{name}.invalid")
        (folder / name).write_text(key.read_text())
    server.configure([Site(NAME)], [pebble.issuer(account_key=folder / "first")])
    server.reload()
    server.wait_for_log("has a new key")
    assert not (server.state_path / "issuers" / "pebble" / "key").exists()
    second = renew(server, pebble, first)
    assert pebble.accounts() == 1
    # written over: nobody can sign with the old one any more
    (folder / "first").write_text((folder / "second").read_text())
    server.reload()
    server.wait_for_log("is not in .* any more")
    renew(server, pebble, second)
    assert pebble.accounts() == 2


def test_a_helper_killed_in_a_rollover_finds_out_which_key_is_the_right_one(server, pebble, proxy):
    """The CA has changed the key, and the answer never comes."""
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    server.wait_for_log("certificate obtained")
    key = key_of(server)
    proxy.rule("key-change", faults.hold_answer(), times=1)
    command = server.acmectl_line("account", "rollover", "pebble")
    server.run("sh", "-c", f"{command} >/dev/null 2>&1 &")
    process.wait_until(lambda: "/rollover-account-key" in pebble.logs()["pebble"], 10,
                       "the CA has been asked")
    time.sleep(0.3)  # and has done it
    os.kill(server.helper("keeper"), signal.SIGKILL)
    server.wait_for_log("has a new key", timeout=20)
    assert key_of(server) != key
    assert len(proxy.of_kind("key-change")) == 1
    renew(server, pebble, first)


# Contact, recovery, terms.

def test_a_changed_contact_is_told_to_the_ca(server, pebble, proxy):
    server.configure([Site(NAME)], [proxy.issuer(pebble, contact="old@example.org")])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    server.configure([Site(NAME)], [proxy.issuer(pebble, contact="new@example.org")])
    server.reload()
    server.wait_for_log("has the new contact of the account: mailto:new@example.org")
    update = proxy.of_kind("account")[-1]
    assert update.payload == {"contact": ["mailto:new@example.org"]}
    assert update.status == 200
    server.reload()
    assert account(server)["contacts"] == ["mailto:new@example.org"]
    assert len(proxy.of_kind("account")) == 1


def test_a_store_that_lost_its_account_finds_it_by_the_key(server, pebble, proxy):
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    url = account(server)["account"]
    server.stop()
    server.wait_for_no_helpers()
    (server.state_path / "issuers" / "pebble" / "account.json").unlink()
    server.start()
    renew(server, pebble, first)
    assert account(server)["account"] == url and pebble.accounts() == 1
    assert proxy.of_kind("new-account")[-1].payload == {"onlyReturnExisting": True}


def test_changed_terms_of_service_are_surfaced(server, pebble, proxy):
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble)

    def change(answer):
        body = json.loads(answer.body)
        body["meta"]["termsOfService"] = "https://ca.invalid/new-terms"
        answer.body = json.dumps(body).encode()
    proxy.rule("directory", faults.rewrite(change))
    server.reload()
    assert server.acmectl("renew", NAME).ok
    server.wait_for_log("has changed its terms of service: they are at https://ca.invalid/new-terms")
    assert "new terms of service: https://ca.invalid/new-terms" in server.acmectl("status").output
    assert "new terms" in server.acmectl("account", "show").output
    assert server.acmectl("account", "agree", "pebble").ok
    assert "new terms" not in server.acmectl("issuers").output
    assert not server.acmectl("account", "agree", "pebble").ok


# The end of an account.

def test_a_deactivated_account_is_replaced_by_the_next_order(server, pebble):
    first = start(server, pebble)
    url = account(server)["account"]
    careful = server.acmectl("account", "deactivate", "pebble")
    assert not careful.ok and "--yes" in careful.output
    done = server.acmectl("account", "deactivate", "pebble", "--yes")
    assert done.ok and "is deactivated, for ever" in done.output, done
    assert account(server)["account"] is None
    assert (server.state_path / "issuers" / "pebble.1" / "key").exists()
    renew(server, pebble, first)
    assert account(server)["account"] != url


def test_accounts_can_be_looked_at_without_a_server_and_changed_with_one_only(server, pebble):
    start(server, pebble, contact="me@example.org")
    url = account(server)["account"]
    server.stop()
    server.wait_for_no_helpers()
    told = server.acmectl("account", "show", "pebble")
    assert url in told.output and "mailto:me@example.org" in told.output
    assert url in server.acmectl("issuers").output
    for command in (["account", "rollover", "pebble"], ["revoke", NAME]):
        done = server.acmectl(*command)
        assert not done.ok and "only a running one can do that" in done.output
    assert server.acmectl("account", "show", "nobody").status == 1
    assert server.acmectl("account").status == 2


# Revocation.

@pytest.mark.servers("httpd", "nginx")
@pytest.mark.parametrize("reason", ["keyCompromise", "superseded"])
def test_a_revoked_certificate_is_replaced_at_once(server, pebble, reason):
    first = start(server, pebble)
    done = server.acmectl("revoke", NAME, "--reason", reason)
    assert done.ok and f"({reason}); a new one with a new key is ordered now" in done.output, done
    assert is_revoked(pebble, first)
    second = server.wait_for_certificate(NAME, pebble, unlike=first)
    assert not is_revoked(pebble, second)
    assert key_in(second) != key_in(first)
    versions = [path.name for path in (server.state_path / "certs" / NAME / "ecdsa-256").iterdir()
                if path.name.isdigit()]
    assert versions == ["00000002"]


def test_a_revoked_certificate_stays_where_the_operator_wants_no_other(server, pebble):
    first = start(server, pebble)
    done = server.acmectl("revoke", NAME, "--reason", "cessationOfOperation", "--no-order")
    assert done.ok and "it is served until" in done.output, done
    assert is_revoked(pebble, first)
    assert json.loads(server.acmectl("status", "--json").output)["certificates"][0]["state"] == "revoked"
    again = server.acmectl("revoke", NAME)
    assert again.ok, again  # alreadyRevoked is success
    server.wait_for_certificate(NAME, pebble, unlike=first)


def test_what_the_account_may_not_revoke_its_own_key_may(server, pebble):
    first = start(server, pebble)
    assert server.acmectl("account", "deactivate", "pebble", "--yes").ok
    done = server.acmectl("revoke", NAME)
    assert done.ok, done
    assert is_revoked(pebble, first)
    assert not server.acmectl("revoke", NAME, "--reason", "boredom").ok
