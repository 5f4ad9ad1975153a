"""The status page, its forms for programs, and who gets it."""

import json
import re
from html.parser import HTMLParser

import pytest

from lib import process
from lib.site import Site

NAME = "www.example.org"
OWN = "own.example.net"
PAGE = "/acme-status"

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
           "Content-Type": "text/html; charset=utf-8"}


class Page(HTMLParser):
    """What a person sees, and that every element is closed where it should be."""

    EMPTY = {"meta", "link", "input", "path"}

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.elements = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def ask(server, query="", **settings):
    return server.http_get(NAME, PAGE + query, **settings)


def test_the_page_and_its_forms_tell_of_managed_and_supplied_certificates(server, pebble, relay,
                                                                          authority):
    own = authority.issue(OWN, days=-1)
    relay.refuse()
    server.configure([Site(NAME, more=server.status_page(PAGE)), Site(OWN, acme=None, own=own)],
                     [relay.issuer(pebble)])
    assert server.test().ok and "[warn" not in server.test().output
    server.start()

    # Before there is one, and while the CA cannot be reached.
    page = process.wait_until(lambda: (text := Page(ask(server).text).text) and
                              "waiting for the CA" in text and text, 20, "the order's stage")
    assert NAME in page and "pending" in page

    relay.accept()
    serial = server.wait_for_certificate(NAME, pebble, timeout=60).serial
    status = process.wait_until(lambda: (found := ask(server, "?format=json"))
                                and '"state":"valid"' in found.text and found, 10, "the news")
    assert status.headers["Content-Type"] == "application/json"
    status = json.loads(status.text)
    assert status["version"] == 1 and status["helper_up"] is True
    assert [(one["id"], one["state"], one["serial"].lstrip("0"))
            for one in status["certificates"]] == [(NAME, "valid", serial)]
    supplied, = status["supplied"]
    assert (supplied["file"], supplied["names"], supplied["state"]) == (str(own[0]), [OWN], "expired")
    assert supplied["issuer_name"] == "acmecore test authority"

    answer = ask(server)
    assert answer.status == 200
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    page = Page(answer.text)
    assert "1 certificate needs attention" in page.text
    assert page.text.index(OWN) < page.text.index(NAME)
    assert not [tag for tag, attrs in page.elements
                if tag == "script" or any(key.startswith("on") or key == "style" for key in attrs)]
    assert OWN not in Page(ask(server, "?q=WWW").text).text

    metrics = ask(server, "?format=prometheus")
    assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert re.search(rf'^acmecore_certificate_not_after_seconds{{certificate="{NAME}",.*}} \d+$',
                     metrics.text, re.M)
    assert f'certificate="{own[0]}"' in metrics.text and "acmecore_helper_up 1\n" in metrics.text

    # The ways of asking.
    head = ask(server, method="HEAD")
    assert (head.status, head.body) == (200, b"") and head.headers["Content-Length"].isdigit()
    for method in ("POST", "PUT", "DELETE"):
        refused = ask(server, method=method)
        assert refused.status == 405 and "GET" in refused.headers["Allow"]
    assert ask(server, "?format=xml").status == 400


def test_who_may_see_it_is_said_by_the_servers_own_directives(server, authority):
    own = authority.issue(NAME)
    server.configure([Site(NAME, acme=None, own=own, more=server.status_page(PAGE, server.NOBODY))])
    server.start()
    assert ask(server).status == 403
    server.configure([Site(NAME, acme=None, own=own, more=server.status_page(PAGE))])
    server.reload()
    # No certificate is managed: no helper is needed, and the page has what the operator supplied.
    answer = process.wait_until(lambda: (found := ask(server)).status == 200 and found, 10, "access")
    page = Page(answer.text).text
    assert "The certificate is in order" in page and str(own[0]) in page
    assert not any(server.helpers().values()) and not server.state_path.exists()


@pytest.mark.servers("nginx")
@pytest.mark.parametrize("who, address, warned", [
    ("", "0.0.0.0", True),
    ("auth_basic off;", "0.0.0.0", True),
    ("", "127.0.0.1", False),
    ("allow 192.0.2.0/24; deny all;", "0.0.0.0", False),
    ("deny all;", "0.0.0.0", False),
    ("allow 2001:db8::/32; deny all;", "0.0.0.0", False),
    ("auth_basic closed; auth_basic_user_file passwords;", "0.0.0.0", False),
    ("internal;", "0.0.0.0", False),
])
def test_a_page_for_everybody_is_warned_of(server, who, address, warned):
    server.configure([Site(NAME, acme=None, tls=False, addresses=(address,),
                           more=server.status_page(PAGE, who))])
    done = server.test()
    lines = [line for line in done.output.splitlines() if "[warn]" in line]
    assert done.ok and len(lines) == warned, done
    if warned:
        line = server.configuration.read_text().split("acme_status")[0].count("\n") + 1
        assert "anybody may see" in lines[0] and lines[0].endswith(f"{server.configuration}:{line}")


@pytest.mark.servers("nginx")
def test_a_rule_further_out_holds_for_the_page(server):
    server.configure([Site(NAME, acme=None, tls=False, addresses=("0.0.0.0",),
                           more="allow 127.0.0.1; deny all;" + server.status_page(PAGE, ""))])
    assert "[warn]" not in server.test().output


@pytest.mark.servers("httpd")
def test_set_handler_alone_shows_nothing(server, authority):
    own = authority.issue(NAME)
    other = Site("other.example.org", acme=None, own=own,
                 more=server.status_page(PAGE, server.ANYBODY)
                 + "\n<Location /server-status>\nSetHandler server-status\n</Location>")
    server.configure([Site(NAME, acme=None, own=own), other])
    htaccess = server.folder / "html" / NAME / "sub"
    htaccess.mkdir()
    (htaccess / ".htaccess").write_text("SetHandler acme-status\n")
    server.start()
    refused = server.http_get(NAME, "/sub/")
    assert refused.status == 403 and OWN not in refused.text
    server.wait_for_log('write "ACMEStatus on"')
    assert server.http_get("other.example.org", PAGE).status == 200

    # The section is where the page is.
    section = server.http_get("other.example.org", "/server-status").text
    assert "ACME certificates" in section
    assert "ACMECertificates: 1\n" in server.http_get("other.example.org", "/server-status?auto").text


@pytest.mark.servers("httpd")
def test_it_works_without_mod_status(server, authority):
    server.configure([Site(NAME, acme=None, own=authority.issue(NAME),
                           more=server.status_page(PAGE))])
    text = re.sub(r"^LoadModule status_module .*$", "", server.configuration.read_text(), flags=re.M)
    server.write(text)
    server.start()
    assert ask(server).status == 200
