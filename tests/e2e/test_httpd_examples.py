"""The files of conf-examples/httpd do what they say."""

import pytest

from lib import httpd_example as example
from lib import process
from lib.hooks import Example

pytestmark = pytest.mark.servers("httpd")

NAME = "www.example.org"
EXAMPLES = sorted(path.name for path in example.FOLDER.glob("*.conf"))


@pytest.fixture
def load(server, folder):
    """load(name, issuer): writes an example, adapted; returns its text. change: of the text."""
    def write(name, issuer, change=lambda text: text):
        text = change((example.FOLDER / name).read_text())
        root = server.folder / "html"
        root.mkdir()
        (root / "index.html").write_text("It works.\n")
        server.write(example.adapt(text, main=[*server.machine_lines(), *server.path_lines()],
                                   root=root, http_port=server.http_port,
                                   tls_port=server.tls_port, issuer=issuer))
        return text
    return write


def test_there_are_examples():
    assert set(EXAMPLES) >= {"minimal.conf", "several-names-redirect.conf", "own-ca.conf",
                             "staging-then-production.conf", "tls-alpn-01-only.conf"}


OF_THEIR_OWN = {"external-account.conf", "notify-and-deploy.conf", "wildcard.conf"}  # below


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in OF_THEIR_OWN])
def test_an_example_gets_its_certificates(server, pebble, load, name):
    text = load(name, pebble.issuer)
    done = server.test()
    assert done.ok and "warn" not in done.output, done
    server.start()
    for site in example.names(text):
        assert site in server.wait_for_certificate(site, pebble).names
        assert server.https_get(site, trust=pebble.root()).text == "It works.\n"


# Its CA knows its customers.
EXTERNAL_ACCOUNT = {"kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"}


@pytest.mark.pebble(eab_keys=EXTERNAL_ACCOUNT)
def test_the_example_of_an_external_account(server, pebble, load, folder):
    path = folder / "eab.key"
    path.write_text(EXTERNAL_ACCOUNT["kid-1"])
    load("external-account.conf",
         lambda name: pebble.issuer(name, external_account_key=f"kid-1 {path}"))
    server.start()
    server.wait_for_certificate("shop.example.com", pebble)


def test_the_example_of_notifications_and_deploy_programs(server, pebble, load, folder):
    hooks = Example(folder)
    load("notify-and-deploy.conf", pebble.issuer, hooks.change)
    server.start()
    certificate = server.wait_for_certificate(hooks.NAME, pebble)
    hooks.check(process.wait_until, certificate, server.state_path)


def test_the_example_of_a_wildcard(server, make_pebble, make_name_server, load):
    bind = make_name_server("bind")
    pebble = make_pebble("pebble", dns=bind)
    provider = f"rfc2136 server={bind.address} key=file:{bind.key_file}"
    load("wildcard.conf", lambda name: pebble.issuer(name, dns=provider, dns_resolver=bind.address))
    server.start()
    names = ["example.com", "*.example.com"]
    certificate = server.wait_for_certificate("example.com", pebble, names=names)
    for name in ("www.example.com", "shop.example.com"):
        assert server.handshake(name, pebble.root()).serial == certificate.serial
    assert pebble.orders() == 1


def test_the_redirect_example_redirects_and_sends_hsts_once_it_may(server, pebble, relay, load):
    relay.refuse()
    load("several-names-redirect.conf", lambda name: relay.issuer(pebble, name))
    server.start()
    answer = server.http_get("shop.example.org", "/x?y")
    assert answer.status == 301 and answer.headers["Location"] == "https://shop.example.org/x?y"
    assert "Strict-Transport-Security" not in server.https_get("shop.example.org").headers
    relay.accept()
    server.wait_for_certificate("example.net", pebble, timeout=60)
    certificate = server.wait_for_certificate("shop.example.org", pebble, timeout=60)
    assert certificate.names == sorted(["www.example.org", "example.org", "shop.example.org"])
    answer = server.https_get("shop.example.org", trust=pebble.root())
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_step_from_staging_to_production(server, make_pebble, load):
    staging, production = make_pebble("staging"), make_pebble("production")
    cas = {"letsencrypt": production, "letsencrypt-staging": staging}
    load("staging-then-production.conf", lambda name: cas[name].issuer(name))
    server.start()
    server.wait_for_certificate(NAME, staging)
    assert production.orders() == 0
    server.write(server.configuration.read_text().replace("ACMEEngine letsencrypt-staging",
                                                          "ACMEEngine on"))
    server.reload()
    assert server.handshake(NAME).from_pebble
    server.wait_for_certificate(NAME, production)
