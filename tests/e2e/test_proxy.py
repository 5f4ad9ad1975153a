"""CAs that are reached through a proxy only."""

import pytest

from lib.outbound_proxy import Microsocks, Tinyproxy
from lib.ports import free_port
from lib.site import Issuer, Site

NAME = "www.example.org"
PASSWORD = "s3cret-of-the-proxy"


@pytest.fixture
def proxy(folder, watch):
    part = watch(Tinyproxy(folder / "tinyproxy", "acme", PASSWORD))
    yield part.start()
    part.stop()


def test_a_certificate_comes_through_a_proxy_with_a_password(server, pebble, proxy, folder):
    """A wrong password is told in words; the right one, in a file, is shown nowhere."""
    secret = folder / "proxy.secret"
    secret.write_text("wrong\n")
    secret.chmod(0o600)
    issuer = pebble.issuer(proxy=f"http://acme@{proxy.address} password=file:{secret}")
    server.configure([Site(NAME)], [issuer])
    server.start()
    server.wait_for_log(rf"the proxy http://{proxy.address} wants another user or password \(40[17]\)")
    secret.write_text(PASSWORD + "\n")
    server.reload()
    server.wait_for_certificate(NAME, pebble)
    assert proxy.connects(f"localhost:{pebble.port}")
    server.wait_for_log(rf"the CA is reached through the proxy http://{proxy.address}, by ")
    assert PASSWORD not in server.log


@pytest.mark.servers("nginx")
@pytest.mark.parametrize("scheme, host", [("socks5", "127.0.0.1"), ("socks5h", "localhost")])
def test_a_certificate_comes_through_socks(server, pebble, folder, watch, scheme, host):
    """With socks5h it is the proxy that finds the CA's address."""
    proxy = watch(Microsocks(folder / "socks", "acme", PASSWORD)).start()
    try:
        secret = folder / "proxy.secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        way = f"{scheme}://acme@{proxy.address} password=file:{secret}"
        server.configure([Site(NAME)], [pebble.issuer(proxy=way)])
        server.start()
        server.wait_for_certificate(NAME, pebble)
        assert proxy.connects(f"{host}:{pebble.port}")
        assert PASSWORD not in server.log
    finally:
        proxy.stop()


@pytest.mark.servers("nginx")
def test_hosts_that_the_environment_excepts_are_asked_directly(server, monkeypatch):
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "other.test,.invalid")
    server.configure([Site(NAME)], [Issuer("pebble", "https://ca.invalid/dir", {"preflight": "off"})])
    server.start()
    line = server.wait_for_log(r"the CA cannot be reached")[0]
    assert "ca.invalid" in line and "proxy" not in line, line


@pytest.mark.servers("nginx")
def test_one_family_of_addresses_alone_is_used(server, pebble):
    """Pebble listens at 127.0.0.1; localhost is ::1 as well."""
    server.configure([Site(NAME)], [pebble.issuer(ip_version="ipv6")])
    server.start()
    server.wait_for_log(r"the CA cannot be reached: ")
    server.configure([Site(NAME)], [pebble.issuer(ip_version="ipv4")])
    server.reload()
    server.wait_for_certificate(NAME, pebble)


@pytest.mark.servers("nginx")
def test_the_environment_names_a_proxy(server, authority, monkeypatch):
    """It is heard where no directive stands; what cannot be reached is told with its name."""
    dead = free_port()
    monkeypatch.setenv("https_proxy", f"http://somebody:{PASSWORD}@127.0.0.1:{dead}")
    issuer = Issuer("pebble", "https://ca.invalid/dir", {"preflight": "off"})
    server.configure([Site(NAME)], [issuer])
    server.start()
    server.wait_for_log(rf"connection to the proxy http://127.0.0.1:{dead}: Connection refused.*"
                        r"\(https_proxy in the server's environment\)")
    assert PASSWORD not in server.log
