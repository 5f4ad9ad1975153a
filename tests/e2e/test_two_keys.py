"""Two kinds of key: two certificates for the same names, and each client gets the one it can use."""

import pytest

from lib import client
from lib.site import Site

NAMES = ["example.org", "www.example.org"]


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
@pytest.mark.pebble(authorization_reuse=0)
def test_each_client_gets_the_certificate_that_it_can_use(server, pebble, challenge):
    server.configure([Site(NAMES, more=server.tls_versions("1.2", "1.3"))],
                     [pebble.issuer(challenge=challenge, key="ecdsa:256 rsa:2048")])
    server.start()
    both = [server.wait_for_log(rf"\(({key})\): certificate obtained", 60)
            for key in ("ecdsa:256", "rsa:2048")]
    assert all(len(lines) == 1 for lines in both) and pebble.issued() == pebble.orders() == 2
    serials = {}
    for version in ("1.2", "1.3"):
        for kind, signatures in client.SIGNATURES.items():
            for name in NAMES:
                certificate, _ = client.pick(server.tls_port, name, version=version,
                                             signatures=signatures)
                assert certificate.key_type.startswith(kind), (version, kind)
                assert certificate.names == NAMES and certificate.from_pebble
                serials.setdefault(kind, set()).add(certificate.serial)
    assert all(len(each) == 1 for each in serials.values())
    assert server.handshake(NAMES[0], pebble.root()).key_type == "ecdsa:256"
    # Both come back with a restart, and neither is ordered again.
    server.restart()
    server.wait_for_helpers()
    for kind, signatures in client.SIGNATURES.items():
        certificate, _ = client.pick(server.tls_port, NAMES[0], version="1.2",
                                     signatures=signatures)
        assert {certificate.serial} == serials[kind]
    assert pebble.orders() == 2


def test_both_are_renewed_by_hand(server, pebble):
    server.configure([Site(NAMES)], [pebble.issuer(key="ecdsa:256 rsa:2048")])
    server.start()
    for key in ("ecdsa:256", "rsa:2048"):
        server.wait_for_log(rf"\(({key})\): certificate obtained", 60)
    assert server.acmectl("renew", NAMES[0]).ok
    for key in ("ecdsa:256", "rsa:2048"):
        server.wait_for_log(rf"\(({key})\): certificate obtained", 60, count=2)
    assert pebble.issued() == 4
