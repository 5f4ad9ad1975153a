"""Connections over httpd: what is open stays, what is new gets the new certificate."""

import contextlib
import ssl

import pytest

from lib import client
from lib.http2 import Http2
from lib.site import Site
from lib.strict import StrictClient

pytestmark = pytest.mark.servers("httpd")

NAME, OTHER = "www.example.org", "shop.example.org"
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


# Names of one certificate share connections; others do not.

@pytest.fixture
def domains(server, pebble):
    server.configure([Site(NAME, acme=None), Site(OTHER, acme=None), Site("alone.example.org")],
                     [pebble.issuer()], http=f"ACMEDomain {NAME} {OTHER} issuer=pebble")
    server.start()
    server.wait_for_certificate(NAME, pebble, names=[NAME, OTHER])
    server.wait_for_certificate("alone.example.org", pebble)
    return server


def test_a_connection_for_one_name_may_ask_for_another_of_its_certificate(domains, pebble):
    with domains.keep_alive(NAME, pebble.root()) as connection:
        for host, status in ((NAME, 200), (OTHER, 200), ("alone.example.org", 421)):
            connection.name = host
            assert connection.get().status == status, host


def test_the_same_over_http2(domains, pebble):
    with contextlib.closing(Http2(domains.tls_port, NAME, pebble.root())) as connection:
        assert connection.get(NAME) == (200, f"this is {NAME}\n")
        assert connection.get(OTHER) == (200, f"this is {OTHER}\n")
        assert connection.get("alone.example.org")[0] == 421


def test_it_is_so_from_the_placeholder_on(server, pebble, relay):
    relay.refuse()
    server.configure([Site(NAME, acme=None), Site(OTHER, acme=None)], [relay.issuer(pebble)],
                     http=f"ACMEDomain {NAME} {OTHER} issuer=pebble")
    server.start()
    with server.keep_alive(NAME) as connection:
        connection.name = OTHER
        assert connection.get().status == 200
    assert "AH01909" not in server.log  # the names of a certificate do not fit


# Live swaps.

def test_from_ecdsa_to_rsa_and_back_on_open_and_new_connections(server, pebble, relay):
    trust = pebble.root()
    server.configure([Site(NAME)], [relay.issuer(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble, key="ecdsa:256")
    for key in ("rsa:2048", "ecdsa:384", "rsa:3072", "ecdsa:256"):
        relay.refuse()
        server.configure([Site(NAME)], [relay.issuer(pebble, key=key)])
        server.reload()
        workers = server.workers()
        with server.keep_alive(NAME, trust) as connection, \
                contextlib.closing(Http2(server.tls_port, NAME, trust)) as http2, \
                StrictClient(server.tls_port, NAME, trust) as strict:
            relay.accept()
            fresh = server.wait_for_certificate(NAME, pebble, timeout=40, key=key)
            assert connection.get().status == 200 and http2.get(NAME)[0] == 200
            for version in (TLS12, TLS13):
                using = client.context(trust, maximum=version)
                serials = {server.handshake(NAME, using=using).serial for _ in range(20)}
                assert serials == {fresh.serial}
        strict.check(at_least=2)
        assert server.workers() == workers


def test_two_kinds_of_key_at_once_each_to_whom_it_fits(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer(key="ecdsa:256 rsa:2048")])
    server.start()
    trust = pebble.root()
    server.wait_for_certificate(NAME, pebble, key="ecdsa:256")
    server.wait_for_log("certificate obtained", timeout=30, count=2)
    old = client.context(trust, maximum=TLS12, ciphers="ECDHE-RSA-AES128-GCM-SHA256")
    assert server.handshake(NAME, using=old).key_type == "rsa:2048"
    assert server.handshake(NAME, trust).key_type == "ecdsa:256"


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_session_from_before_a_renewal_is_resumed_after_it(server, pebble, version):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    using = client.context(pebble.root(), maximum=version)

    def connect(session=None):
        plain = client.socket.create_connection(("127.0.0.1", server.tls_port), 10)
        with using.wrap_socket(plain, server_hostname=NAME, session=session) as connection:
            answer = client.exchange(connection, NAME, headers={"Connection": "close"})
            assert answer.status == 200
            return connection.session, connection.session_reused
    session, reused = connect()
    assert not reused
    assert server.acmectl("renew", NAME).ok
    server.wait_for_certificate(NAME, pebble, unlike=first)
    assert connect(session)[1]


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_renegotiated_connection_keeps_its_certificate(server, pebble, authority, version):
    """A folder that asks for a client certificate: renegotiation with TLS 1.2,
    post-handshake authentication with TLS 1.3."""
    server.configure([Site(NAME, plain=None, more=f"SSLCACertificateFile {authority.root}\n"
                           "<Location /.well-known>\nSSLVerifyClient require\n</Location>")],
                     [pebble.issuer()], http="Protocols http/1.1")
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    using = client.context(pebble.root(), maximum=version)
    using.load_cert_chain(*authority.issue("a.client"))
    using.post_handshake_auth = True
    with client.connect(server.tls_port, NAME, using=using) as connection:
        assert client.exchange(connection, NAME).status == 200
        assert server.acmectl("renew", NAME).ok
        second = server.wait_for_certificate(NAME, pebble, unlike=first)
        answer = client.exchange(connection, NAME, "/.well-known/acme-challenge/site-token")
        assert answer.text == "a file of the site\n"
        shown = client.Certificate(connection.getpeercert(binary_form=True))
        assert shown.serial == first.serial
    assert server.handshake(NAME, pebble.root()).serial == second.serial
