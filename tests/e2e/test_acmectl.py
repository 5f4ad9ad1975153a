"""The operator's command, with and without a running server."""

import json

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

    server.stop()
    server.wait_for_no_helpers()
    assert server.status()["helper_up"] is False
    stored = json.loads(server.acmectl("status", "--json").output)
    assert stored["helper_up"] is False
    assert stored["certificates"][0]["serial"] == only["serial"]


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
    assert usage.status == 2 and "usage" in usage.output
