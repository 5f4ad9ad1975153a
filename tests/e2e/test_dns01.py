"""Names that are proven in DNS: a real BIND with TSIG, which Pebble asks as well."""

import os
import re
import signal
import time
from pathlib import Path

import dns.tsigkeyring
import dns.query
import dns.update
import pytest

from lib import process
from lib.site import Site

BASE, WILD, THIRD = NAMES = ["example.com", "*.example.com", "test1.test2.example.com"]
WHERE = ["_acme-challenge.example.com", "_acme-challenge.test1.test2.example.com"]


@pytest.fixture
def bind(make_name_server):
    return make_name_server("bind")


@pytest.fixture
def ca(make_pebble, bind):
    return make_pebble("pebble", dns=bind, caa_identities=["pebble.example"],
                       authorization_reuse=0, nonce_reject=0)


def issuer(ca, bind, **settings):
    provider = f"rfc2136 server={bind.address} key=file:{bind.key_file}"
    return ca.issuer(**{"dns": provider, "dns_resolver": bind.address, **settings})


def records(bind):
    return [text for name in WHERE for text in bind.txt(name)]


def wait_until_gone(bind):
    process.wait_until(lambda: not records(bind), 10, f"records gone: {records(bind)}")


def add_txt(name_server, name, value):
    """As an operator does it."""
    secret = re.search(r'secret:? "?([\w+/=]+)', name_server.key_file.read_text())[1]
    update = dns.update.Update("example.com", keyring=dns.tsigkeyring.from_text({"acme": secret}),
                               keyalgorithm=name_server.algorithm)
    update.add(f"{name}.", 1, "TXT", f'"{value}"')
    assert dns.query.tcp(update, name_server.host, timeout=5).rcode() == 0


def test_base_wildcard_and_third_name(server, ca, bind):
    server.configure([Site(NAMES)], [issuer(ca, bind, challenge="dns-01")])
    server.start()
    certificate = server.wait_for_certificate("shop.example.com", ca, names=NAMES)
    for name in (BASE, THIRD):
        assert server.handshake(name, ca.root()).serial == certificate.serial
    assert (ca.orders(), ca.issued()) == (1, 1)
    wait_until_gone(bind)
    process.wait_until(lambda: b'"records":[]' in (server.state_path / "dns_records.json")
                       .read_bytes(), 5, "the journal is empty")
    # Neither the agent's copy nor anything on disk has the key.
    secret = re.search(r'secret "(.*?)"', bind.key_file.read_text())[1].encode()
    for path in Path(server.state_path).rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path
    assert secret.decode() not in server.log

    # kill -9 of everything between setting and cleaning: the next helper cleans.
    server.configure([Site(NAMES)], [issuer(ca, bind, challenge="dns-01",
                                            dns_propagation="delay=6s")])
    server.allow_log(r"exited on signal 9|signal 9 \(SIGKILL\)")
    server.reload()
    server.wait_for_helpers()
    assert server.acmectl("renew", BASE).ok
    # Pebble uses one authorization of a hundred again, also when told to use none.
    process.wait_until(lambda: len(records(bind)) >= 2, 30, "records")
    helpers = server.helpers()
    for pid in helpers["keeper"] + helpers["agent"]:
        os.kill(pid, signal.SIGKILL)
    server.wait_for_certificate("shop.example.com", ca, unlike=certificate)
    wait_until_gone(bind)
    assert ca.issued() == 2


@pytest.mark.servers("nginx")
def test_what_a_dead_server_left_is_removed_without_its_order(server, ca, bind):
    server.configure([Site(NAMES)], [issuer(ca, bind, challenge="dns-01",
                                            dns_propagation="delay=60s")])
    server.start()
    process.wait_until(lambda: len(records(bind)) == 3, 30, "three records")
    server.kill()
    server.wait_for_no_helpers(timeout=5)
    for pid in server.processes():
        process.end(pid)
    # Nothing wants them any more: the certificate has other names now.
    server.configure([Site("www.example.com")], [issuer(ca, bind)])
    server.start()
    server.wait_for_certificate("www.example.com", ca)
    wait_until_gone(bind)


@pytest.mark.servers("nginx")
def test_a_secondary_that_lags_is_waited_for(server, make_pebble, make_name_server):
    secondary = make_name_server("knot")
    bind = make_name_server("bind", zones={
        "example.com": f"@ IN NS ns2\nns2 IN A {secondary.host}\n"})
    ca = make_pebble("pebble", dns=secondary, authorization_reuse=0, nonce_reject=0)
    server.configure([Site([BASE, WILD])], [issuer(ca, bind, challenge="dns-01",
                                                  dns_propagation="interval=1s")])
    server.start()
    process.wait_until(lambda: len(records(bind)) == 2, 10, "records at the primary")
    # The CA would ask the secondary, and is not asked to.
    time.sleep(3)
    assert "POST /chalZ/" not in ca.logs()["pebble"]
    for value in records(bind):
        add_txt(secondary, WHERE[0], value)
    server.wait_for_certificate(BASE, ca, names=[BASE, WILD])
    wait_until_gone(bind)


@pytest.mark.servers("nginx")
def test_a_thousand_servers_use_one_wildcard(server, ca, bind):
    sites = [Site(f"n{number}.example.com", acme=None, plain=None) for number in range(1000)]
    server.configure(sites, [issuer(ca, bind)], http=f"acme_certificate pebble {WILD};")
    server.start()
    certificate = server.wait_for_certificate("n0.example.com", ca, names=[WILD])
    for number in (1, 500, 999):
        assert server.handshake(f"n{number}.example.com", ca.root()).serial == certificate.serial
    assert ca.orders() == 1
    assert [path.name for path in (server.state_path / "certs").iterdir()] == ["_.example.com"]


def test_types_are_mixed_in_one_order(server, ca, bind):
    """http-01 for what it can prove, a label of the account's own for the wildcard."""
    server.configure([Site(NAMES)], [issuer(ca, bind, challenge="http-01 dns-account-01")])
    server.start()
    server.wait_for_certificate("shop.example.com", ca, names=NAMES)
    asked = re.findall(r"validate w/ HTTP: http://([\w.]+):", ca.logs()["pebble"])
    assert set(asked) == {BASE, THIRD}
    set_there = re.findall(r"adding an RR at '(\S+)' TXT", bind.logs()["named"])
    assert len(set_there) == 1
    assert re.fullmatch(r"_[a-z2-7]{16}\._acme-challenge\.example\.com", set_there[0])
    process.wait_until(lambda: not bind.txt(set_there[0]), 10, "the record is gone")


def test_dns_persist_01_needs_no_dns_access(server, ca, bind):
    server.configure([Site([BASE, WILD])],
                     [ca.issuer(challenge="dns-persist-01", dns_resolver=bind.address)])
    server.start()
    # The account is there with the first order, which tells what is missing.
    server.wait_for_log(r"order failed: there is no TXT record _validation-persist\.example\.com "
                        r'"pebble\.example; accounturi=\S+; policy=wildcard": make it')
    done = server.acmectl("dns-persist", BASE)
    assert done.ok, done
    line = re.fullmatch(r'(_validation-persist\.example\.com)\. IN TXT "(.*)"\n', done.output)
    assert line, done.output
    assert re.fullmatch(r"pebble\.example; accounturi=https://\S+; policy=wildcard", line[2])
    add_txt(bind, line[1], line[2])
    assert server.acmectl("renew", BASE).ok
    certificate = server.wait_for_certificate("shop.example.com", ca, names=[BASE, WILD])
    assert server.acmectl("renew", BASE).ok  # and for ever
    server.wait_for_certificate("shop.example.com", ca, unlike=certificate)
    server.stop()
    assert server.acmectl("dns-persist", BASE).output == done.output
