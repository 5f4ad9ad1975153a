"""The parts that all other tests rest on, by themselves and without our module."""

import socket
import ssl
import time

import pytest
from dns import message, query

from lib import client, example, faults, process
from lib.nginx import Nginx
from lib.site import Site
from lib.strict import StrictClient


@pytest.fixture
def plain_nginx(folder, ports, watch):
    """nginx as Debian ships it."""
    part = watch(Nginx(folder / "nginx", ports.http, ports.tls, module=False))
    yield part
    part.destroy()


def fetch(port, path, trust):
    return client.https_get(port, "localhost", path, trust)


def test_dns_answers_over_udp_and_tcp(dns):
    question = message.make_query("www.example.org", "A")
    for ask in (query.udp, query.tcp):
        assert "127.0.0.1" in str(ask(question, "127.0.0.1", port=dns.port, timeout=5))
    dns.set_a("www.example.org", "127.0.0.9")
    assert "127.0.0.9" in str(query.udp(question, "127.0.0.1", port=dns.port, timeout=5))


@pytest.mark.pebble(validity=120, nonce_reject=0)
def test_pebble_starts_and_shows_directory_and_root(pebble):
    assert pebble.directory()["newOrder"].startswith(f"https://127.0.0.1:{pebble.port}/")
    assert "renewalInfo" in pebble.directory()
    assert list(pebble.directory()["meta"]["profiles"]) == ["default"]
    assert "BEGIN CERTIFICATE" in pebble.root()
    assert pebble.orders() == pebble.issued() == pebble.accounts() == 0


def test_proxy_forwards_records_and_keeps_the_client_to_itself(proxy, pebble, authority):
    proxy.judges = False  # the client here is none of ours
    trust = authority.root.read_text()
    with client.connect(proxy.port, "localhost", trust) as connection:
        host = f"localhost:{proxy.port}"
        directory = client.exchange(connection, host, "/dir")
        assert f"https://localhost:{proxy.port}/" in directory.text
        nonce = client.exchange(connection, host, "/nonce-plz", "HEAD")
        assert nonce.headers["Replay-Nonce"]
    assert [request.kind for request in proxy.requests] == ["directory", "new-nonce"]
    assert proxy.requests[0].connection == proxy.requests[1].connection


def test_proxy_misbehaves_by_rule(proxy, authority):
    proxy.judges = False
    trust = authority.root.read_text()
    proxy.rule("directory", faults.answer(503, retry_after=7), times=1)
    proxy.rule("directory", faults.answer(429, faults.problem("rateLimited", "slow down")), times=1)
    proxy.rule("directory", faults.truncate(10), times=1)
    proxy.rule("directory", faults.drop(), times=1)
    proxy.rule("directory", faults.lose_answer(), times=1)
    proxy.rule("directory", faults.delay(0.3), times=1)
    first = fetch(proxy.port, "/dir", trust)
    assert (first.status, first.headers["Retry-After"]) == (503, "7")
    assert "slow down" in fetch(proxy.port, "/dir", trust).text
    for _ in range(3):
        with pytest.raises((OSError, client.http.client.HTTPException)):
            fetch(proxy.port, "/dir", trust)
    start = time.monotonic()
    assert fetch(proxy.port, "/dir", trust).status == 200
    assert time.monotonic() - start >= 0.3
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        fetch(proxy.port, "/dir", trust)
    proxy.accept()
    assert fetch(proxy.port, "/dir", trust).status == 200


def test_relay_refuses_and_comes_back(relay, authority):
    trust = authority.root.read_text()
    with client.connect(relay.port, "localhost", trust) as connection:
        relay.refuse()
        with pytest.raises(OSError):
            client.exchange(connection, "localhost", "/dir")
    with pytest.raises(ConnectionRefusedError):
        fetch(relay.port, "/dir", trust)
    relay.accept()
    assert fetch(relay.port, "/dir", trust).status == 200


def test_nginx_starts_reloads_and_ends(plain_nginx, authority):
    server, trust = plain_nginx, authority.root.read_text()
    site = Site("a.example.org", own=authority.issue("a.example.org"))
    server.configure([site])
    assert server.test().ok
    server.start()
    assert server.http_get("a.example.org").text == "this is a.example.org\n"
    with StrictClient(server.tls_port, "a.example.org", trust) as strict:
        with server.keep_alive("a.example.org", trust) as connection:
            workers = server.workers()
            server.reload()
            assert not set(workers) & set(server.workers())
            assert connection.get().status == 200
        process.wait_until(lambda: strict.handshakes > 20, 10, "twenty handshakes")
    strict.check(at_least=20)
    with pytest.raises(ssl.SSLError):
        server.handshake("b.example.org", trust)
    server.quit()
    assert server.master is None and server.processes() == []


@pytest.mark.parametrize("plain, status", [
    ("redirect", 301), ("deny", 403), ("auth", 401), ("rewrite", 200), ("dead-upstream", 502)])
def test_plain_http_answers_as_asked(plain_nginx, plain, status):
    plain_nginx.configure([Site("a.example.org", plain=plain, tls=False)])
    plain_nginx.start()
    assert plain_nginx.http_get("a.example.org", "/x").status == status


def test_nothing_of_a_killed_server_is_left(plain_nginx):
    plain_nginx.configure([Site("a.example.org", tls=False)])
    plain_nginx.start()
    plain_nginx.kill()
    assert plain_nginx.processes() != []  # its workers go on
    plain_nginx.destroy()
    assert plain_nginx.processes() == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", plain_nginx.http_port), 1)


EXAMPLE = """\
load_module modules/ngx_acme_module.so;
http {
    acme_issuer internal {
        uri https://ca.example.net/acme/directory;
        ssl_trusted_certificate /etc/ssl/internal-root.pem;
    }
    server {
        listen 80;
        listen [::]:80;
        listen 443 ssl;
        server_name www.example.org example.org;
        root /srv/www;
        acme internal;
    }
}
"""


def test_an_example_is_moved_to_loopback(pebble):
    text = example.adapt(EXAMPLE, main=["pid p;"], http=["access_log off;"], root="/r",
                         http_port=8080, tls_port=8443, issuer=pebble.issuer)
    lines = [line.strip() for line in text.splitlines()]
    assert example.names(text) == ["www.example.org", "example.org"]
    assert lines[:3] == ["pid p;", "http {", "access_log off;"]
    assert f"uri https://localhost:{pebble.port}/dir;" in lines
    assert f"ssl_trusted_certificate {pebble.authority.root};" in lines
    assert [line for line in lines if line.startswith("listen")] == [
        "listen 127.0.0.1:8080;", "listen 127.0.0.1:8443 ssl;"]
    assert "root /r;" in lines and "acme internal;" in lines
