"""tls-alpn-01: a CA is shown the certificate of its challenge over port 443, whatever the
server there is for, and nobody else sees anything of it."""

import base64
import hashlib
import json
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lib import client, faults, process
from lib.ports import free_port
from lib.site import Site

NAME = "www.example.org"
ACME = "acme-tls/1"
ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
VERSIONS = ("1.2", "1.3")


def alpn_only(ca, pebble=None, **settings):
    settings = {"challenge": "tls-alpn-01", **settings}
    return ca.issuer(pebble, **settings) if pebble else ca.issuer(**settings)


# The CA's view.

@pytest.mark.parametrize("versions", [("1.2",), ("1.3",), VERSIONS], ids="+".join)
@pytest.mark.parametrize("key", ["ecdsa:256", "rsa:2048"])
def test_a_site_with_port_80_closed_gets_its_certificate(server, pebble, versions, key):
    server.configure([Site(NAME, plain=None, more=server.tls_versions(*versions))],
                     [alpn_only(pebble, key=key)])
    server.start()
    if server.kind == "nginx":
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.http_port), 5)
    certificate = server.wait_for_certificate(NAME, pebble)
    assert (certificate.names, certificate.key_type) == ([NAME], key)
    assert pebble.orders() == 1
    # A renewal beside the real certificate.
    assert server.acmectl("renew", NAME).ok
    server.wait_for_certificate(NAME, pebble, unlike=certificate)


def test_http_01_is_not_even_tried_where_nothing_listens_for_it(server, pebble, proxy):
    server.configure([Site(NAME, plain=None)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    assert proxy.started() == (["tls-alpn-01"] if server.kind == "nginx" else ["http-01"])


def test_clients_without_a_certificate_are_refused_but_not_the_ca(server, pebble, authority):
    server.configure([Site(NAME, plain=None, more=server.only_known_clients(authority.root))],
                     [alpn_only(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble)


def test_names_without_a_virtual_host_are_proven(server, pebble, authority):
    names = [NAME, "nowhere.example.org"]
    server.configure([Site("default.example.org", acme=None, plain=None, default=True,
                           own=authority.issue("default.example.org")),
                      Site(NAME, acme=None, plain=None,
                           certificates=["pebble " + " ".join(names)])],
                     [alpn_only(pebble)])
    server.start()
    assert server.wait_for_certificate(NAME, pebble).names == sorted(names)


@pytest.mark.servers("httpd")
def test_a_name_whose_virtual_host_is_elsewhere_is_proven(server, pebble, authority):
    """Pebble asks at a port where the name has no virtual host."""
    port = free_port()
    server.configure(
        [Site("default.example.org", acme=None, own=authority.issue("default.example.org"))],
        [alpn_only(pebble)],
        http=f"Listen 127.0.0.1:{port} https\n<VirtualHost 127.0.0.1:{port}>\nServerName {NAME}\n"
             "SSLEngine on\nACMEEngine pebble\n</VirtualHost>")
    server.start()
    server.wait_for_log(f"{NAME}: certificate obtained", 30)
    assert client.handshake(port, NAME, pebble.root()).names == [NAME]
    assert server.handshake(NAME).names == ["default.example.org"]


@pytest.mark.servers("nginx")
def test_a_default_server_that_rejects_handshakes_does_not_reject_the_ca(server, pebble):
    reject = Site("reject.example.org", acme=None, plain=None, default=True,
                  more="ssl_reject_handshake on;")
    server.configure([reject, Site(NAME, acme="off", plain=None,
                                   certificates=[f"pebble {NAME} nowhere.example.org"])],
                     [alpn_only(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    with pytest.raises(OSError):
        server.handshake("nowhere.example.org")


def test_many_names_of_many_orders_are_proven_at_once(server, pebble):
    sites = [Site([f"a{n}.example.org", f"b{n}.example.org", f"c{n}.example.org"], plain=None)
             for n in range(12)]
    server.configure(sites, [alpn_only(pebble)])
    server.start()
    for site in sites:
        certificate = server.wait_for_certificate(site.names[1], pebble, timeout=60)
        assert certificate.names == site.names
    assert pebble.orders() == 12


@pytest.mark.servers("httpd")
@pytest.mark.parametrize("mpm", ["worker", "prefork"])
def test_every_mpm_answers_and_closes_the_connection(server, pebble, proxy, mpm):
    server.mpm = mpm
    server.configure([Site(NAME)], [alpn_only(proxy, pebble)])
    proxy.rule("challenge", faults.delay(3), times=1)
    server.start()
    process.wait_until(lambda: proxy.of_kind("challenge"), 20, "a pending challenge")
    with connect(server) as connection:
        assert connection.selected_alpn_protocol() == ACME
        try:
            assert connection.recv(1) == b""
        except OSError:
            pass  # reset
    server.wait_for_certificate(NAME, pebble)


# The second choice.

@pytest.fixture
def unreachable(make_pebble):
    """A CA that finds nothing behind port 80."""
    return make_pebble("pebble", http_port=free_port(), authorization_reuse=0)


def failed_challenges(server):
    state = server.state_path / "certs" / NAME / "ecdsa-256" / "state.json"
    return [(item["name"], item["type"])
            for item in json.loads(state.read_text()).get("failed_challenges", [])]


def test_tls_alpn_01_is_tried_at_once_when_http_01_has_failed(server, unreachable):
    server.configure([Site(NAME)], [unreachable.issuer()])
    server.start()
    server.wait_for_certificate(NAME, unreachable, timeout=20)
    assert unreachable.orders() == 2  # an authorization that failed is dead
    line = server.wait_for_log("another type of challenge")[0]
    assert NAME in line and "http-01" in line
    assert failed_challenges(server) == [(NAME, "http-01")]


def test_the_type_that_failed_is_remembered_over_a_restart(server, unreachable):
    server.configure([Site(NAME)], [unreachable.issuer()])
    server.start()
    first = server.wait_for_certificate(NAME, unreachable, timeout=20)
    server.restart()
    server.wait_for_helpers()
    assert server.acmectl("renew", NAME).ok
    server.wait_for_certificate(NAME, unreachable, unlike=first)
    assert unreachable.orders() == 3


def test_the_other_way_round_http_01_is_the_second_choice(server, make_pebble):
    # Behind port 443 there is nothing that answers.
    pebble = make_pebble("pebble", tls_port=free_port())
    server.configure([Site(NAME)], [pebble.issuer(challenge="tls-alpn-01 http-01")])
    server.start()
    server.wait_for_certificate(NAME, pebble, timeout=20)
    assert pebble.orders() == 2
    assert failed_challenges(server) == [(NAME, "tls-alpn-01")]


def test_when_both_fail_the_next_round_comes_after_the_back_off(server, make_pebble):
    pebble = make_pebble("pebble", http_port=free_port(), tls_port=free_port())
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_log(rf"{NAME}: order failed: .*tls-alpn-01.*next try in ([56]\d s|1 min)", 20)
    assert pebble.orders() == 2
    assert failed_challenges(server) == []


# What others see while a challenge is pending.

def connect(server, name=NAME, alpn=(ACME,)):
    return client.connect(server.tls_port, name, using=client.context(alpn=list(alpn)))


def shows_a_challenge(server, name=NAME):
    """Whether a client that offers nothing but acme-tls/1 is given that protocol."""
    try:
        with connect(server, name) as connection:
            return connection.selected_alpn_protocol() == ACME
    except ssl.SSLError:  # of a list without a protocol that it knows, by the server or the client
        return False


def challenge_of(certificate):
    """The acmeIdentifier's digest, or None."""
    try:
        extension = certificate.x509.extensions.get_extension_for_oid(ACME_IDENTIFIER)
    except x509.ExtensionNotFound:
        return None
    assert extension.critical and extension.value.value[:2] == b"\x04\x20"
    return extension.value.value[2:]


@pytest.fixture(params=["ecdsa:256", "rsa:2048"])
def pending(request, server, pebble, proxy):
    """A renewal that waits at its challenge, which a rule holds for a while, beside a real
    certificate with this kind of key. Returns the real certificate."""
    server.configure([Site(NAME, more=server.tls_versions(*VERSIONS))],
                     [alpn_only(proxy, pebble, key=request.param)])
    server.start()
    real = server.wait_for_certificate(NAME, pebble)
    before = len(proxy.of_kind("challenge"))
    proxy.rule("challenge", faults.delay(30), times=1)
    # Pebble uses one authorization of a hundred again, also when told to use none: then the order
    # has no challenge, and is made anew.
    for _ in range(3):
        orders = pebble.issued()
        assert server.acmectl("renew", NAME).ok
        process.wait_until(lambda: len(proxy.of_kind("challenge")) > before or
                           pebble.issued() > orders, 20, "a pending challenge")
        if pebble.issued() == orders:
            return real
        real = server.wait_for_certificate(NAME, pebble, unlike=real)
    raise AssertionError("three orders without a challenge")


@pytest.mark.pebble(authorization_reuse=0)
def test_the_challenge_is_shown_with_the_key_that_the_client_knows(server, pebble, proxy, pending):
    expected = {}
    for version in VERSIONS:
        for kind, signatures in client.SIGNATURES.items():
            # httpd hears of the protocol when TLS 1.2 has chosen among the real kinds of key.
            if (server.kind, version) == ("httpd", "1.2") and not pending.key_type.startswith(kind):
                continue
            certificate, protocol = client.pick(server.tls_port, NAME.upper(), version=version,
                                                signatures=signatures, alpn=ACME)
            assert (certificate.names, protocol) == ([NAME], ACME), (version, kind)
            assert certificate.key_type.startswith(kind), (version, kind)
            expected[challenge_of(certificate)] = True
    assert list(expected) != [None] and len(expected) == 1
    # The digest is that of the newest token's key authorization.
    thumbprint = account_thumbprint(server)
    token = proxy.tokens("tls-alpn-01")[-1]
    assert list(expected)[0] == hashlib.sha256(f"{token}.{thumbprint}".encode()).digest()


def account_thumbprint(server):
    key = load_pem_private_key((server.state_path / "issuers" / "pebble" / "key").read_bytes(), None)
    numbers = key.public_key().public_numbers()

    def coordinate(value):
        return base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()
    jwk = (f'{{"crv":"P-256","kty":"EC","x":"{coordinate(numbers.x)}",'
           f'"y":"{coordinate(numbers.y)}"}}')
    return base64.urlsafe_b64encode(hashlib.sha256(jwk.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.pebble(authorization_reuse=0)
def test_nobody_else_sees_anything_of_it(server, pebble, pending):
    trust = pebble.root()
    assert server.handshake(NAME, trust).serial == pending.serial
    for version in VERSIONS:
        assert client.pick(server.tls_port, NAME, version=version)[0].serial == pending.serial
        for alpn in (f"{ACME},http/1.1", f"http/1.1,{ACME}"):
            certificate, protocol = client.pick(server.tls_port, NAME, version=version, alpn=alpn)
            assert (certificate.serial, protocol) == (pending.serial, "http/1.1")
    # Another name, none at all: no challenge of ours.
    for name in ("other.example.org", None):
        assert not shows_a_challenge(server, name)
    assert server.https_get(NAME, trust=trust).status == 200


@pytest.mark.pebble(authorization_reuse=0)
def test_the_connection_says_nothing_after_the_handshake(server, pebble, pending):
    with connect(server) as connection:
        assert connection.selected_alpn_protocol() == ACME
        try:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
            assert connection.recv(1) == b""
        except OSError:
            pass  # reset: closed before the request was read


@pytest.mark.pebble(authorization_reuse=0)
def test_a_reload_in_mid_order_leaves_the_challenge_answered(server, pebble, pending):
    def shown():
        return {kind: challenge_of(client.pick(server.tls_port, NAME, version="1.3", alpn=ACME,
                                               signatures=signatures)[0])
                for kind, signatures in client.SIGNATURES.items()}
    before = shown()
    assert None not in before.values()
    for _ in range(2):
        server.reload()
        assert shown() == before


def test_without_a_challenge_everything_is_as_it_was(server, pebble):
    server.configure([Site(NAME)], [alpn_only(pebble)])
    server.start()
    real = server.wait_for_certificate(NAME, pebble)
    # It is forgotten with its order.
    process.wait_until(lambda: not shows_a_challenge(server), 10, "the challenge is gone")
    certificate, protocol = client.pick(server.tls_port, NAME, version="1.2",
                                        alpn=f"{ACME},http/1.1")
    assert (certificate.serial, protocol) == (real.serial, "http/1.1")


def test_a_server_for_http_01_alone_has_no_hand_in_the_client_hello(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer(challenge="http-01")])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    assert not shows_a_challenge(server)
