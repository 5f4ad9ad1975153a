"""One dead name harms no other (acme_partial)."""

from lib import process
from lib.site import Site

NAMES = [f"n{number}.example.org" for number in range(40)]
DEAD = "n17.example.org"


def test_forty_names_of_which_one_does_not_resolve(server, pebble, dns):
    alive = [name for name in NAMES if name != DEAD]
    for name in alive:
        dns.set_a(name, "127.0.0.1")
    dns.set_default("")
    server.configure([Site(NAMES)], [pebble.issuer(challenge="http-01")], {"partial": "on"})
    server.start()
    # After the second failure, a minute later; at once where an operator asks for it.
    server.wait_for_log(rf"order failed: {DEAD}")
    assert server.acmectl("renew", NAMES[0]).ok
    server.wait_for_certificate(NAMES[0], pebble, names=alive)
    line = server.wait_for_log(rf"{DEAD} failed twice and is left out")[0]
    assert "the other 39 names are ordered now" in line and "could not resolve" in line, line
    process.wait_until(lambda: server.status()["certificates"][0]["state"] == "valid", 5,
                       "the status says valid")
    assert [left["name"] for left in server.status()["certificates"][0]["left_out"]] == [DEAD]
    assert DEAD in server.acmectl("status").output
    # Nothing is ordered again, not by a new generation either, until the day is over.
    orders = pebble.orders()
    server.restart()
    server.wait_for_helpers()
    server.wait_for_certificate(NAMES[39], pebble, names=alive)
    process.wait_until(lambda: server.status()["helper_up"], 10, "the helper is up")
    assert pebble.orders() == orders == 3
