"""From nothing to a served certificate."""

import pytest

from lib.site import Site


def test_a_site_gets_and_serves_a_trusted_certificate(server, pebble):
    server.configure([Site("www.example.org")], [pebble.issuer()])
    server.start()
    first = server.handshake("www.example.org")  # a placeholder may serve, nothing may fail
    certificate = server.wait_for_certificate("www.example.org", pebble)
    assert certificate.names == ["www.example.org"]
    assert certificate.key_type == "ecdsa:256"
    assert first.from_pebble or first.serial != certificate.serial
    answer = server.https_get("www.example.org", trust=pebble.root())
    assert answer.text == "this is www.example.org\n"
    assert (pebble.orders(), pebble.issued(), pebble.accounts()) == (1, 1, 1)


def test_every_worker_serves_it_without_a_reload(server, pebble):
    server.configure([Site("www.example.org")], [pebble.issuer()], workers=4)
    server.start()
    workers = server.workers()
    certificate = server.wait_for_certificate("www.example.org", pebble)
    # Each worker sees the board by itself: enough handshakes reach all of them.
    serials = {server.handshake("www.example.org").serial for _ in range(60)}
    assert serials == {certificate.serial}
    assert server.workers() == workers


def test_private_keys_are_for_root_alone(server, pebble):
    server.configure([Site("www.example.org")], [pebble.issuer()])
    server.start()
    server.wait_for_certificate("www.example.org", pebble)
    keys = [path for path in server.state_path.rglob("*")
            if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert len(keys) >= 2  # the certificate's and the account's
    for path in keys:
        assert path.stat().st_mode & 0o777 == 0o600 and path.stat().st_uid == 0, path
    assert server.state_path.stat().st_mode & 0o777 == 0o700


def test_twenty_sites_get_twenty_certificates(server, pebble, proxy):
    names = [f"site{number}.example.org" for number in range(20)]
    server.configure([Site(name) for name in names], [proxy.issuer(pebble)])
    server.start()
    serials = {server.wait_for_certificate(name, pebble, timeout=60).serial for name in names}
    assert len(serials) == 20
    assert sorted(proxy.orders()) == sorted([name] for name in names)  # none ordered twice
    assert pebble.accounts() == 1


# Pebble's own defaults: it also shuffles identifiers, authorizations and challenges,
# and says Retry-After now in seconds, now as a date.
@pytest.mark.pebble(nonce_reject=5, retry_after=(3, 5))
def test_three_names_share_one_certificate(server, pebble):
    names = ["example.org", "www.example.org", "shop.example.org"]
    server.configure([Site(names)], [pebble.issuer()])
    server.start()
    certificate = server.wait_for_certificate("shop.example.org", pebble, timeout=60)
    assert certificate.names == sorted(names)
    for name in names:
        assert server.handshake(name, pebble.root()).serial == certificate.serial
    assert pebble.orders() == 1


@pytest.mark.pebble(nonce_reject=20, authorization_reuse=0)
def test_refused_nonces_cost_no_second_order(server, pebble):
    names = ["example.org", "www.example.org", "shop.example.org"]
    server.configure([Site(names)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate("example.org", pebble, timeout=60)
    assert (pebble.orders(), pebble.issued(), pebble.accounts()) == (1, 1, 1)
