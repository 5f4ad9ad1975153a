"""The operator's command, with and without a running server."""

import json
import os
import re

import pytest

from lib import process
from lib.site import Site

NAME = "www.example.org"


def test_status_tells_the_certificate_with_and_without_a_server(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    certificate = server.wait_for_certificate(NAME, pebble)
    server.wait_for_log("certificate obtained")
    table = server.acmectl("status")
    assert table.ok and NAME in table.output and "valid" in table.output, table
    told = json.loads(server.acmectl("status", "--json").output)
    assert told["helper_up"] is True
    only = told["certificates"][0]
    assert (only["id"], only["names"], only["state"]) == (NAME, [NAME], "valid")
    assert int(only["serial"], 16) == int(certificate.serial, 16)
    assert only["renew_at"] and only["not_after"] > only["renew_at"]
    process.wait_until(lambda: server.status()["certificates"][0].get("serial") == only["serial"], 5,
                       "status.json tells it too")
    page = server.acmectl("status", NAME)
    assert page.ok and only["serial"] in page.output and "renewal" in page.output, page
    check = server.acmectl("status", "--check")
    assert check.status == 0 and check.output.startswith("ACME OK - 1 certificate, "), check
    assert server.acmectl("status", "--check", "--warning", "9999d").status == 1
    assert server.acmectl("status", "--check", "nobody.example.org").status == 3
    misspelt = server.acmectl("status", "--check", "--warning", "soon")
    assert misspelt.status == 3 and misspelt.output.startswith("ACME UNKNOWN - --warning takes"), misspelt
    unforced = server.run(*server.acmectl_line("renew", NAME).split())
    assert unforced.ok and "not due" in unforced.output, unforced
    assert pebble.orders() == 1
    assert re.search(r"Z  issued  pebble$", server.acmectl("log", NAME).output, re.M)

    server.stop()
    server.wait_for_no_helpers()
    assert server.status()["helper_up"] is False
    stored = json.loads(server.acmectl("status", "--json").output)
    assert stored["helper_up"] is False
    assert stored["certificates"][0]["serial"] == only["serial"]
    assert server.acmectl("status", "--check").status == 1  # nothing is renewed
    assert "  issued  pebble" in server.acmectl("log", NAME).output
    unknown = server.acmectl("export", "nobody.example.org", server.folder)
    assert unknown.status == 1 and unknown.output.startswith("acmectl: no certificate"), unknown


def test_renew_without_a_server_orders_at_the_next_start(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    server.wait_for_log("certificate obtained")
    server.stop()
    server.wait_for_no_helpers()
    done = server.acmectl("renew", NAME)
    assert done.ok and "server starts" in done.output, done
    server.start()
    server.wait_for_certificate(NAME, pebble, unlike=first)
    assert pebble.orders() == 2


def test_an_unknown_name_and_a_missing_store_are_clear_errors(server, pebble):
    missing = server.acmectl("status")
    assert not missing.ok and "no store" in missing.output, missing
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    for command in ("renew", "status"):
        done = server.acmectl(command, "nobody.example.org")
        assert not done.ok and "nobody.example.org" in done.output, done
    usage = server.acmectl("dance")
    assert usage.status == 2 and "no command dance" in usage.output


def test_a_certificate_leaves_the_store_and_the_module_can_go(server, pebble, tmp_path):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    certificate = server.wait_for_certificate(NAME, pebble)
    waited = server.acmectl("renew", "--wait", NAME)
    assert waited.ok and "obtained, valid until" in waited.output, waited
    # On a terminal it is waited for anyway.
    line = server.acmectl_line("renew", "--force", NAME)
    waited = server.run("script", "-qec", line, "/dev/null")
    assert waited.ok and "obtained, valid until" in waited.output, waited
    assert pebble.orders() == 3
    certificate = server.wait_for_certificate(NAME, pebble, unlike=certificate)
    log = [line.split("  ")[1] for line in server.acmectl("log", NAME).output.splitlines()[1:]]
    assert log == ["issued", "renewed", "renewed"]

    folder = server.folder / "export"
    done = server.acmectl("export", NAME, folder)
    assert done.ok and str(folder) in done.output, done
    files = {path.name: (path.stat().st_mode & 0o777, path.read_text())
             for path in folder.iterdir() if not path.name.startswith(".")}
    assert {name: mode for name, (mode, _) in files.items()} == {
        "privkey.pem": 0o600, "cert.pem": 0o644, "chain.pem": 0o644, "fullchain.pem": 0o644}
    assert files["cert.pem"][1] + files["chain.pem"][1] == files["fullchain.pem"][1]
    assert server.acmectl("export", NAME, folder).ok  # once more into the same

    lines = server.acmectl("eject").output
    stored = server.state_path / "certs" / NAME / "ecdsa-256" / "current" / "fullchain.pem"
    assert str(stored) in lines and stored.read_text() == files["fullchain.pem"][1], lines
    server.stop()
    server.wait_for_no_helpers()
    ejected = server.folder / "ejected"
    lines = server.acmectl("eject", ejected).output
    assert str(ejected / NAME / "privkey.pem") in lines, lines
    server.configure([Site(NAME, acme=None, more=lines)])
    server.start()
    assert server.handshake(NAME, pebble.root()).serial == certificate.serial


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_another_user_is_told_what_is_missing(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)

    def as_nobody(*arguments):
        return server.run("setpriv", "--reuid=65534", "--clear-groups",
                          *server.acmectl_line(*arguments).split())

    # By status.json, which is written a moment later.
    process.wait_until(lambda: "ACME OK" in as_nobody("status", "--check").output, 10, "the file tells it")
    for command in (("renew", NAME), ("log", NAME), ("revoke", NAME), ("issuers",),
                    ("export", NAME, "/tmp/nowhere"), ("eject",)):
        done = as_nobody(*command)
        assert done.status == 1 and "only root" in done.output, done
