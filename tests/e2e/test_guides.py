"""The configurations in docs/guides are files that run: each passes its server's own test without a
warning, and those of the first site obtain the certificate, in the words that the guide shows."""

import re

import pytest

from lib import example, httpd_example
from lib.site import Issuer
from lib.workspace import REPOSITORY, built

GUIDES = REPOSITORY / "docs" / "guides"
LANGUAGE = {"nginx": "nginx", "httpd": "apache"}
EXAMPLES = {"nginx": example, "httpd": httpd_example}
BLOCK = re.compile(r"^```(nginx|apache)\n(.*?)^```$", re.M | re.S)
NAME = "www.example.org"


def blocks(server, guide):
    return [text for language, text in BLOCK.findall((GUIDES / guide).read_text())
            if language == LANGUAGE[server.kind]]


def write(server, text, issuer, authority):
    """A block is a file of Debian's sites-available; the rest of the configuration is the test's."""
    certificate, key = authority.issue(NAME)
    text = re.sub(r"/etc/letsencrypt/live/\S+/fullchain\.pem", str(certificate), text)
    text = re.sub(r"/etc/letsencrypt/live/\S+/privkey\.pem", str(key), text)
    root = server.folder / "html"
    root.mkdir(exist_ok=True)
    (root / "index.html").write_text("It works.\n")
    place = {"root": root, "http_port": server.http_port, "tls_port": server.tls_port,
             "issuer": issuer}
    if server.kind == "httpd":
        server.write(httpd_example.adapt(
            text, main=[*server.machine_lines(), *server.path_lines()], **place))
        return
    main = [f"load_module {built('ngx_acme_module.so')};", "user nobody nogroup;",
            f"pid {server.folder}/nginx.pid;", f"error_log {server.error_log} notice;", "events { }"]
    http = [f"acme_state_path {server.state_path};", f"acme_runtime_path {server.runtime_path};",
            f"acme_helper_path {server.programs};", "access_log off;",
            *(f"{kind}_temp_path {server.folder}/temp/{kind};"
              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))]
    server.write(example.adapt("http {\n" + text + "}\n", main=main, http=http, **place))


@pytest.mark.parametrize("guide", sorted(path.name for path in GUIDES.glob("*.md")))
def test_each_configuration_of_a_guide_passes_the_servers_test(server, authority, guide):
    found = blocks(server, guide)
    assert found, guide
    for text in found:
        write(server, text, lambda name: Issuer(name, "https://ca.example.org/dir"), authority)
        done = server.test()
        assert done.ok and "warn" not in done.output, f"{text}\n{done}"
    assert not server.state_path.exists()


def test_the_first_site_of_the_guide(server, pebble, authority):
    write(server, blocks(server, "first-site.md")[0], pebble.issuer, authority)
    server.start()
    certificate = server.wait_for_certificate(NAME, pebble)
    assert certificate.names == ["example.org", NAME]
    assert server.https_get(NAME, trust=pebble.root()).text == "It works.\n"
    for words in ("letsencrypt-staging: account .* is ready",
                  f"{NAME}: certificate obtained from letsencrypt-staging, valid until .*, "
                  r"renewal due .* \(order took"):
        server.wait_for_log(words)
    assert re.search(rf"{NAME} +ecdsa:256 +valid +letsencrypt-staging",
                     server.acmectl("status").output)
