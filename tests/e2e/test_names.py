"""Names that are no plain host names: IP addresses (RFC 8738) and international ones."""

import re

import pytest

from lib.site import Site

V4, V6 = "127.0.0.1", "[::1]"


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_addresses_are_proven_and_served_to_clients_that_name_no_server(server, pebble, challenge):
    # The addresses are not the default server's, and a client cannot name them.
    named = Site("www.example.org", default=True, addresses=(V4, V6))
    server.configure([named, Site([V4, V6], acme=None, certificates=["pebble"], addresses=(V4, V6))],
                     [pebble.issuer(challenge=challenge)])
    server.start()
    certificate = server.wait_for_certificate("127.0.0.1", pebble, names=["127.0.0.1", "::1"])
    for host in ("127.0.0.1", "::1"):
        assert server.handshake(host, pebble.root(), host=host).serial == certificate.serial
    # mod_ssl misdirects (421) who was shown another host's setup: there an address comes first.
    if server.kind == "nginx":
        answer = server.https_get("127.0.0.1", trust=pebble.root())
        assert answer.text == f"this is {V4}\n"
    other = server.wait_for_certificate("www.example.org", pebble, names=["www.example.org"])
    assert other.serial != certificate.serial
    assert server.acmectl("status").ok and "127.0.0.1" in server.acmectl("status").output


def test_an_address_and_a_host_name_share_a_certificate(server, pebble):
    server.configure([Site([V4, "www.example.org"], acme=None, certificates=["pebble"])],
                     [pebble.issuer()])
    server.start()
    certificate = server.wait_for_certificate("www.example.org", pebble)
    assert certificate.names == ["127.0.0.1", "www.example.org"]
    assert server.handshake("127.0.0.1", pebble.root()).serial == certificate.serial
    assert server.https_get("127.0.0.1", trust=pebble.root()).text == f"this is {V4}\n"
    # mod_ssl looks for the ServerName in a certificate's DNS names alone.
    assert "AH01909" not in server.log


def test_an_international_name_is_ordered_as_dns_knows_it(server, pebble):
    server.configure([Site(["bücher.example.org", "www.example.org"])], [pebble.issuer()])
    server.start()
    certificate = server.wait_for_certificate("xn--bcher-kva.example.org", pebble)
    assert certificate.names == ["www.example.org", "xn--bcher-kva.example.org"]
    assert "as xn--bcher-kva.example.org: the certificate carries that" in server.log


def test_a_name_that_is_none_is_refused_by_the_configuration_test(server, pebble):
    server.configure([Site("www.example.org", acme=None, certificates=["pebble ̈a.example.org"])],
                     [pebble.issuer()])
    server.allow_log(r"no internationalized name")
    done = server.test()
    assert not done.ok
    assert re.search(r"cannot be in a certificate: it is no internationalized name", done.output), done
