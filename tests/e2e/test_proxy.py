"""CAs that are reached through a proxy only."""

import pytest

from lib.ports import free_port
from lib.site import Issuer, Site
from lib.tinyproxy import Tinyproxy

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
