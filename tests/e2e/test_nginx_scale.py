"""Many servers in one nginx: those with equal ssl settings share a TLS context, which nobody may
notice but by start and memory. The certificates lie in the store already; no CA is needed."""

import re
import ssl
import sys

import pytest

from lib import client, process
from lib.ports import free_port
from lib.site import Issuer, Site
from lib.workspace import REPOSITORY

sys.path.append(str(REPOSITORY / "tests"))
from bench.lib.stored import Chain  # noqa: E402

pytestmark = pytest.mark.servers("nginx")

CA = Issuer("away", "https://127.0.0.1:9/dir")
CIPHERS = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384")


@pytest.fixture(scope="module")
def chain():
    return Chain()


@pytest.fixture
def fill(server, chain):
    """fill(names): one certificate for each lies in the store."""
    def fill(names):
        chain.fill(str(server.state_path), [[name] for name in names], CA.directory, CA.name)
    return fill


def names(count):
    return [f"s{number}.example.org" for number in range(count)]


def configure(server, sites, **more):
    server.configure([Site("plain.example.org", acme=None, tls=False), *sites], [CA],
                     {"acme": CA.name}, **more)


def private_memory(server):
    """KiB of the first worker that are in no file and not shared by a mapping of ours."""
    with open(f"/proc/{server.workers()[0]}/smaps_rollup") as file:
        return int(re.search(r"^Anonymous:\s+(\d+)", file.read(), re.M)[1])


def old(**settings):
    return client.context(maximum=ssl.TLSVersion.TLSv1_2, **settings)


# One of each kind of setting that is compared by value.
def snippet(server):
    ticket = server.folder / "ticket.key"
    ticket.write_bytes(bytes(range(80)))
    path = server.folder / "tls.conf"
    path.write_text(f"""
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers {':'.join(CIPHERS)};
        ssl_ecdh_curve X25519:prime256v1;
        ssl_prefer_server_ciphers off;
        ssl_session_cache shared:TLS:10m;
        ssl_session_timeout 1d;
        ssl_session_ticket_key {ticket};
        ssl_conf_command Options PrioritizeChaCha;
        ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
        ssl_buffer_size 8k;
    """)
    return f"include {path};"


def test_a_thousand_servers_cost_little_more_than_without_tls(server, fill):
    count = 1000
    fill(names(count))
    more = "server_names_hash_max_size 8192;"
    configure(server, [Site(name, acme="off", tls=False) for name in names(count)], http=more)
    server.start()
    plain = private_memory(server)
    server.stop()

    configure(server, [Site(name, acme=None, more=snippet(server)) for name in names(count)],
              http=more)
    server.start()
    managed = private_memory(server)
    # A context of its own has 25 KiB and more.
    assert managed - plain < count * 5, f"{managed} KiB, {plain} KiB without TLS"
    for name in names(count)[::37] + names(count)[-1:]:
        assert server.handshake(name).names == [name]
        assert server.handshake(name, using=old()).names == [name]
    assert server.https_get("s999.example.org").text == "this is s999.example.org\n"
    process.wait_until(lambda: (server.runtime_path / "status.json").exists(), 20, "a status")
    states = [entry["state"] for entry in server.status()["certificates"]]
    assert states == ["valid"] * count

    before = server.handshake("s500.example.org").serial
    server.reload()
    assert server.handshake("s500.example.org").serial == before


def test_settings_that_differ_are_each_servers_own(server, fill, authority):
    sites = names(10)
    fill(sites)
    strong, weak = (f"ssl_ciphers {one};" for one in reversed(CIPHERS))
    verify = f"ssl_client_certificate {authority.root}; ssl_verify_client on;"
    lines = ["", "", weak, weak, strong, strong + " ssl_prefer_server_ciphers on;",
             verify, verify, "", weak + verify]
    configure(server, [Site(name, acme=None, default=name == sites[0], more=more)
                       for name, more in zip(sites, lines)],
              http=f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {CIPHERS[1]};")
    server.start()
    for name, more in zip(sites, lines):
        assert server.handshake(name).names == [name]
        with client.connect(server.tls_port, name, using=old()) as connection:
            assert connection.cipher()[0] == CIPHERS[0 if weak in more else 1], name
        answer = server.https_get(name)
        assert answer.status == (400 if verify in more else 200), name
        if verify in more:
            assert "No required SSL certificate was sent" in answer.text


def test_the_tls_versions_are_those_of_the_socket(server, fill):
    sites, second = names(6), free_port()
    fill(sites)
    only_old = f"ssl_protocols TLSv1.2; listen 127.0.0.1:{second} ssl"
    configure(server, [
        *(Site(name, acme=None, more="ssl_protocols TLSv1.2 TLSv1.3;") for name in sites[:3]),
        *(Site(name, acme=None, tls=False, more=f"{only_old};") for name in sites[3:])])
    server.start()
    new = client.context()
    new.minimum_version = ssl.TLSVersion.TLSv1_3
    for name in sites[:3]:
        assert server.handshake(name, using=new).names == [name]
    for name in sites[3:]:
        assert client.handshake(second, name).names == [name]
        with pytest.raises(ssl.SSLError):
            client.handshake(second, name, using=new)


def resumptions(places, version):
    """Which sessions are resumed where: {((port, name), (port, name))}."""
    using = client.context()
    using.minimum_version = using.maximum_version = version

    def visit(port, name, session=None):
        plain = client.socket.create_connection(("127.0.0.1", port), client.TIMEOUT)
        with using.wrap_socket(plain, server_hostname=name, session=session) as connection:
            # With TLS 1.3 the session comes after the handshake.
            assert client.exchange(connection, name).status == 200
            return connection.session, connection.session_reused
    found = set()
    for begin in places:
        for end in places:
            session, reused = visit(*begin)
            assert not reused
            if visit(*end, session)[1]:
                found.add((begin, end))
    return found


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("kept", ["ssl_session_tickets on;",
                                  "ssl_session_tickets off; ssl_session_cache shared:TLS:1m;"])
def test_a_session_is_resumed_where_it_would_be_with_files(server, fill, version, kept):
    """The default server of each socket, and two others on both."""
    sites, second = names(4), free_port()
    fill(sites)
    own = {name: [server.state_path / "certs" / name / "ecdsa-256" / "00000001" / file
                  for file in ("fullchain.pem", "privkey.pem")] for name in sites}
    listen = f"listen 127.0.0.1:{second} ssl"
    more = {sites[0]: "", sites[1]: f"{listen};", sites[2]: f"{listen};",
            sites[3]: f"{listen} default_server;"}
    places = [(port, name) for port in (server.tls_port, second) for name in sites
              if (port, name) not in ((second, sites[0]), (server.tls_port, sites[3]))]
    http = f"ssl_protocols TLSv1.2 TLSv1.3; {kept}"

    def measured(**site):
        configure(server, [Site(name, tls=name != sites[3], more=more[name],
                                **{key: value(name) for key, value in site.items()})
                           for name in sites], http=http, workers=1)
        server.start()
        for port, name in places:
            assert client.handshake(port, name).names == [name]
        found = resumptions(places, version)
        server.stop()
        server.wait_for_no_helpers(timeout=5)
        return found
    with_files = measured(acme=lambda name: None, own=lambda name: own[name])
    assert {(place, place) for place in places} <= with_files
    assert measured(acme=lambda name: None) == with_files


def test_names_that_are_no_servers_get_the_default_servers_certificate(server, fill):
    sites = names(20)
    fill(sites)
    configure(server, [Site(name, acme=None, default=name == sites[7]) for name in sites])
    server.start()
    for name in (None, "unknown.example.org", sites[7]):
        assert server.handshake(name).names == [sites[7]]
    for name in sites:
        assert server.handshake(name).names == [name]
        assert server.https_get(name).text == f"this is {name}\n"


def test_bridges_and_files_stand_beside_servers_that_share(server, fill, authority):
    sites = names(9)
    fill(sites[:6])  # none for the others yet
    own = {name: authority.issue(name) for name in sites[3:8]}
    configure(server, [
        *(Site(name, acme=None) for name in sites[:3]),
        *(Site(name, acme=CA.name, own=own[name]) for name in sites[3:7]),
        Site(sites[7], acme="off", own=own[sites[7]]),
        Site(sites[8], acme=None)])
    server.start()
    for name in sites[:6]:
        assert "Bench" in server.handshake(name).issuer, name
    for name in sites[6:8]:
        assert "authority" in server.handshake(name).issuer, name
    assert server.handshake(sites[8]).names == ["placeholder.invalid"]
