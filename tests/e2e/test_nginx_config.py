"""nginx's configuration: what is refused, what is warned of, what a test of it leaves alone,
the examples, and which server answers with what."""

import os
import pwd
import re
import signal
import ssl
from pathlib import Path

import pytest

from lib import client, example, process
from lib.hooks import Example
from lib.ports import free_port
from lib.site import Issuer, Site
from lib.workspace import built

pytestmark = pytest.mark.servers("nginx")

NAME = "www.example.org"
CA = Issuer("pebble", "https://ca.example.org/dir")


def line_of(server, text):
    """The number of the line of nginx.conf that has this text."""
    for number, line in enumerate(server.configuration.read_text().splitlines(), 1):
        if text in line:
            return number
    raise AssertionError(f"no line with {text!r}")


def emergencies(result):
    return [line for line in result.output.splitlines() if "[emerg]" in line]


def warnings(result):
    assert result.ok, result
    return [line for line in result.output.splitlines() if "[warn]" in line]


def refusal(server):
    """The one line in which nginx -t says no."""
    server.allow_log(r"\[emerg\]")
    done = server.test()
    assert not done.ok, done
    lines = emergencies(done)
    assert len(lines) == 1, done
    return lines[0]


def refused(server, words, text):
    """nginx -t says no, in these words, and where the line with this text stands."""
    line = refusal(server)
    assert re.search(words, line), line
    place = f" in {server.configuration}:{line_of(server, text)}"
    assert line.endswith(place) and line.count(place) == 1, f"{place}: {line}"


@pytest.mark.parametrize("line, words", [
    ("acme nobody;", 'unknown issuer "nobody"'),
    ("acme on pebble;", '"on" stands alone'),
    ("acme pebble pebble;", "given twice"),
    ("acme_renew 30;", '"30" is not a time to renew.*30d'),
    ("acme_renew 0%;", '"0%" is not a time'),
    ("acme_renew 33% 30d;", "invalid number of arguments"),
    ("acme_renew;", "invalid number of arguments"),
    ("acme_user '';", "name is empty"),
    ("acme_certificate pebble under_score.example.org;", "underscore"),
    ("acme_certificate pebble *.example.org;", 'wildcard "\\*.example.org" needs dns-01'),
    ("acme_certificate pebble a.example.org keys=rsa:2048;", "unknown parameter"),
    ("acme_certificate pebble a.example.org key=rsa:1024;", 'unknown kind of key "rsa:1024"'),
    ("acme_certificate nobody a.example.org;", 'unknown issuer "nobody"'),
    ("acme_activation restart;", "write live or reload"),
    ("acme_domain_file nowhere;", "/nowhere.* cannot be read: No such file"),
    ("acme_domain_file one other;", "invalid number of arguments"),
    ("uri https://elsewhere.example.org/dir;", '"uri" directive is not allowed here'),
    ("acme_issuer on { uri https://a.example.org/; }", "cannot be named"),
    ("acme_issuer 'a b' { uri https://a.example.org/; }", "cannot be the name of an issuer"),
    ("acme_issuer pebble { }", "defined already"),
    ("acme_issuer { }", "invalid number of arguments"),
    ("acme_issuer other { uri http://a.example.org/; }", "not an https URL"),
    ("acme_issuer other { uri; }", '"uri" takes exactly one value'),
    ("acme_issuer other { key ecdsa:257; }", 'unknown kind of key "ecdsa:257"'),
    ("acme_issuer other { challenge http-02; }", 'unknown challenge type "http-02"'),
    ("acme_issuer other { challenge http-01 http-01; }", "given twice"),
    ("acme_issuer other { challenge dns-01; }", "needs a DNS provider"),
    ("acme_issuer other { dns nowhere; }", "nowhere"),
    ("acme_issuer other { contact nobody; }", "not a mail address"),
    ("acme_issuer other { ssl_verify perhaps; }", "neither on nor off"),
    ("acme_issuer other { colour red; }", 'unknown directive "colour"'),
    ("acme_issuer other { acme on; }", 'unknown directive "acme"'),
    ("acme_issuer other { uri https://a/ { } }", "unexpected"),
])
def test_a_typing_error_at_http_level_is_refused(server, line, words):
    server.configure([Site(NAME)], [CA], http=line)
    refused(server, words, line)


@pytest.mark.parametrize("line, words", [
    ("acme nobody;", 'unknown issuer "nobody"'),
    ("acme_renew soon;", '"soon" is not a time to renew'),
    ("acme_certificate pebble *.example.org;", "needs dns-01"),
    ("acme_certificate pebble 192.0.2.256;", "its last label is a number"),
    ("acme_domain_file nowhere;", "cannot be read"),
    ("acme_state_path /somewhere;", '"acme_state_path" directive is not allowed here'),
    ("acme_issuer other { }", '"acme_issuer" directive is not allowed here'),
    ("location / { acme on; }", '"acme" directive is not allowed here'),
])
def test_a_typing_error_in_a_server_is_refused(server, line, words):
    server.configure([Site(NAME, acme=None, more=line)], [CA])
    refused(server, words, line)


def test_a_wrong_line_of_a_domain_file_is_refused_where_it_stands(server):
    domains = server.folder / "domains"
    domains.write_text("# ours\na.example.org\n.example.org\n")
    server.configure([Site(NAME)], [CA], http=f"acme_domain_file {domains};")
    line = refusal(server)
    assert "is no name" in line and line.endswith(f", in {domains}:3"), line


def test_a_domain_file_has_a_certificate_in_each_line(server, pebble):
    """At http level for the servers that carry the names, in a server for that one."""
    (server.folder / "domains").write_text(
        f"# ours\n{NAME} also.example.org key=rsa:2048\n\nunused.example.org issuer=pebble\n")
    (server.folder / "customers").write_text(
        "".join(f"{name}.example.org issuer=pebble\n" for name in ("a", "b")))
    server.configure([Site(NAME, acme=None),
                      Site(["a.example.org", "b.example.org"], acme=None,
                           more=f"acme_domain_file {server.folder}/customers;")],
                     [pebble.issuer()], {"acme": "pebble"},
                     http=f"acme_domain_file {server.folder}/domains;")
    assert warnings(server.test()) == []
    server.start()
    found = server.wait_for_certificate(NAME, pebble, names=["also.example.org", NAME])
    assert found.key_type == "rsa:2048"
    for name in ("a.example.org", "b.example.org"):
        assert server.wait_for_certificate(name, pebble, names=[name])
    process.wait_until(lambda: pebble.issued() == 4, 20, "the certificate that no server carries")


def test_a_directive_given_twice_is_refused(server):
    server.configure([Site(NAME, acme=None)], [CA], http="acme off;\nacme pebble;")
    refused(server, '"acme" is given twice, first in line', "acme pebble;")


def test_an_explicit_wildcard_is_refused_where_the_server_stands(server):
    server.configure([Site("*.example.org")], [CA])
    refused(server, r'wildcard "\*\.example\.org" needs dns-01', "server {")


def test_an_explicit_acme_without_a_usable_name_is_refused(server):
    server.configure([Site("_")], [CA])
    refused(server, "no name that a certificate could carry", "server {")


def test_an_error_in_an_included_file_names_that_file(server):
    included = server.folder / "issuer.inc"
    included.write_text("# a comment\ncontact hostmaster@example.org;\nkey dsa;\n")
    server.configure([Site(NAME)], [CA], http=f"acme_issuer other {{ include {included}; }}")
    assert refusal(server).endswith(f" in {included}:3")


@pytest.mark.parametrize("site, words", [
    (Site(["a.example.org", "*.example.org"], acme=None), r'wildcard "\*\.example\.org"'),
    (Site([".example.org"], acme=None), r'wildcard "\*\.example\.org"'),
    (Site(["a.example.org", "_"], acme=None), 'name "_".*catch-all'),
    (Site(["a.example.org", r"~^(.+)\.example\.net$"], acme=None), "regular expression"),
    (Site(["a.example.org", "www.example.*"], acme=None), "pattern"),
    (Site(["a.example.org", "under_score.example.org"], acme=None), "underscore"),
    (Site(["a.example.org", "localhost"], acme=None), "without a dot"),
    (Site("a.example.org", acme=None, more="ssl_stapling on;"), '"ssl_stapling" does nothing'),
])
def test_what_cannot_be_done_is_warned_of(server, site, words):
    server.configure([site], [CA], {"acme": "pebble"})
    found = warnings(server.test())
    assert len(found) == 1 and re.search(words, found[0]), found


def test_http_01_alone_is_warned_of_where_nothing_listens_for_it(server):
    site = Site(NAME, plain=None)
    for challenge, count in (("http-01", 1), ("http-01 tls-alpn-01", 0), (None, 0)):
        issuer = Issuer("pebble", CA.directory, {"challenge": challenge} if challenge else {})
        server.configure([site], [issuer])
        found = warnings(server.test())
        assert len(found) == count and all("no plain-HTTP listener" in line for line in found), found


def test_acme_in_a_server_without_tls_is_warned_of(server):
    server.configure([Site(NAME, tls=False)], [CA])
    assert "no effect" in " ".join(warnings(server.test()))


def test_nothing_is_said_where_nothing_is_wrong(server, authority):
    own = authority.issue("own.example.org")
    server.configure([Site(NAME), Site("own.example.org", acme=None, own=own),
                      Site("plain.example.org", acme=None, tls=False)], [CA], {"acme": "pebble"})
    assert warnings(server.test()) == []


def test_the_module_alone_changes_nothing(server, authority):
    server.configure([Site(NAME, acme=None, own=authority.issue(NAME))])
    assert warnings(server.test()) == []
    server.start()
    assert server.handshake(NAME).issuer == "CN=acmecore test authority"
    assert not any(server.helpers().values()) and not server.state_path.exists()


def test_a_tls_server_that_nobody_gives_a_certificate_is_nginxs_own_error(server):
    server.configure([Site(NAME, acme="off")], [CA], {"acme": "pebble"})
    refused(server, 'no "ssl_certificate" is defined', "server {")


@pytest.mark.parametrize("arguments", [["-t"], ["-T"], ["-t", "-q"]])
def test_a_test_of_the_configuration_leaves_nothing_behind(server, pebble, proxy, arguments):
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server._nginx("-t")  # nginx itself makes its folders for temporary files
    before = sorted(path for path in server.folder.rglob("*") if path.name != "command.out")
    pids = set(server.processes())
    done = server._nginx(*arguments)
    assert done.ok, done
    assert sorted(path for path in server.folder.rglob("*") if path.name != "command.out") == before
    assert set(server.processes()) == pids and not any(server.helpers().values())
    assert proxy.requests == []
    if arguments == ["-T"]:
        assert "acme_issuer pebble {" in done.output and "acme pebble;" in done.output


def test_a_signalling_nginx_reads_the_configuration_and_touches_nothing(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    before = server.wait_for_helpers()
    workers = server.workers()
    assert server._nginx("-s", "reopen").ok
    assert server.wait_for_helpers() == before and server.workers() == workers
    assert server._nginx("-s", "reload").ok
    process.wait_until(lambda: (now := server.workers()) and not set(now) & set(workers), 20,
                       "new workers")
    after = server.wait_for_helpers()
    assert not set(after.values()) & set(before.values())
    assert server.handshake(NAME, pebble.root())


def test_user_and_error_log_may_stand_behind_http(server, pebble):
    user = pwd.getpwnam("daemon")
    server.configure([Site(NAME)], [pebble.issuer()])
    text = server.configuration.read_text()
    other_log = server.folder / "other.log"
    text = text.replace("user nobody nogroup;", "")
    text = re.sub(r"^error_log .*$", "", text, flags=re.M)
    server.write(text + f"\nuser daemon;\nerror_log {other_log} info;\n")
    server.start()
    server.wait_for_certificate(NAME, pebble)
    agent = server.helper("agent")
    uid = int(re.search(r"^Uid:\s+(\d+)", Path(f"/proc/{agent}/status").read_text(), re.M)[1])
    own = [entry.pw_uid for entry in pwd.getpwall() if entry.pw_name == "_acmecore"]
    assert uid == (own or [user.pw_uid])[0]
    assert "acme" in other_log.read_text()


# The examples.

EXAMPLES = sorted(path.name for path in example.FOLDER.glob("*.conf"))


@pytest.fixture
def load(server, folder, authority):
    """load(name, issuer): writes an example, adapted; returns its text. change: of the text."""
    def write(name, issuer, change=lambda text: text):
        text = change((example.FOLDER / name).read_text())
        root = folder / "html"
        root.mkdir()
        (root / "index.html").write_text("It works.\n")
        server.write(example.adapt(
            text,
            main=[f"load_module {built('ngx_acme_module.so')};", "user nobody nogroup;",
                  f"pid {server.folder}/nginx.pid;", f"error_log {server.error_log} info;"],
            http=[f"acme_state_path {server.state_path};",
                  f"acme_runtime_path {server.runtime_path};",
                  f"acme_helper_path {server.programs};", "access_log off;",
                  *(f"{kind}_temp_path {server.folder}/temp/{kind};"
                    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))],
            root=root, http_port=server.http_port, tls_port=server.tls_port, issuer=issuer))
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
    assert warnings(done) == []
    server.start()
    first = example.names(text)[0]
    certificate = server.wait_for_certificate(first, pebble)
    line = re.search(rf"server_name ({re.escape(first)}[^;]*);", text)[1]
    assert certificate.names == sorted(line.split())
    assert server.https_get(first, trust=pebble.root()).text == "It works.\n"


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
    server.wait_for_certificate("shop.example.org", pebble, timeout=60)
    answer = server.https_get("shop.example.org", trust=pebble.root())
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_step_from_staging_to_production(server, make_pebble, load):
    staging, production = make_pebble("staging"), make_pebble("production")
    cas = {"letsencrypt": production, "letsencrypt-staging": staging}
    load("staging-then-production.conf", lambda name: cas[name].issuer(name))
    server.start()
    server.wait_for_certificate(NAME, staging)
    assert production.orders() == 0
    server.write(server.configuration.read_text().replace("acme letsencrypt-staging;", "acme on;"))
    server.reload()
    assert server.handshake(NAME).from_pebble
    server.wait_for_certificate(NAME, production)


# Which server answers with what.

@pytest.fixture
def mixed(server, pebble, authority):
    """Servers of all kinds on one socket, under `acme pebble` at http level."""
    h2, ipv6 = free_port(), free_port()
    own = {name: authority.issue(name) for name in
           ("static.example.org", "bridge.example.org", "off.example.org")}
    sites = [
        Site(["default.example.org", "_"], acme=None, default=True),
        Site("inherits.example.org", acme=None,
             more=f"listen 127.0.0.1:{h2} ssl http2; listen [::1]:{ipv6} ssl;"),
        Site(["explicit.example.org", "also.example.org"]),
        Site("static.example.org", acme=None, own=own["static.example.org"]),
        Site("bridge.example.org", own=own["bridge.example.org"]),
        Site("off.example.org", acme="off", own=own["off.example.org"]),
        Site("named.example.org", acme="off", certificates=["pebble name=by-hand key=rsa:2048"]),
    ]
    server.configure(sites, [pebble.issuer()], {"acme": "pebble"})
    server.start()
    server.h2, server.ipv6 = h2, ipv6
    for name in ("default.example.org", "inherits.example.org", "explicit.example.org",
                 "bridge.example.org", "named.example.org"):
        server.wait_for_certificate(name, pebble)
    return server


def test_servers_of_all_kinds_share_a_socket(mixed, pebble, authority):
    trust, own = pebble.root(), authority.root.read_text()

    assert mixed.handshake("inherits.example.org", trust).names == ["inherits.example.org"]
    for name in ("explicit.example.org", "also.example.org"):
        assert mixed.handshake(name, trust).names == ["also.example.org", "explicit.example.org"]
    assert mixed.handshake("bridge.example.org", trust).names == ["bridge.example.org"]
    assert mixed.handshake("named.example.org", trust).key_type == "rsa:2048"
    for name in ("static.example.org", "off.example.org"):
        assert mixed.handshake(name, own).names == [name]

    # Who asks for no name or an unknown one gets the default server's.
    for name in (None, "unknown.example.org"):
        assert mixed.handshake(name).names == ["default.example.org"]
    assert mixed.https_get("unknown.example.org").text == "this is default.example.org\n"

    # The same with TLS 1.2 as the most.
    old = client.context(trust, maximum=ssl.TLSVersion.TLSv1_2)
    assert mixed.handshake("inherits.example.org", using=old).names == ["inherits.example.org"]
    assert pebble.issued() == 5

    # IPv6, and HTTP/2.
    name = "inherits.example.org"
    answer = client.handshake(mixed.ipv6, name, trust, host="::1")
    assert answer.names == [name]
    with client.connect(mixed.h2, name, using=client.context(trust, alpn=["h2"])) as connection:
        assert connection.selected_alpn_protocol() == "h2"


def test_servers_come_and_go_with_a_reload(mixed, pebble):
    serials = {name: mixed.handshake(name).serial for name in
               ("inherits.example.org", "explicit.example.org", "bridge.example.org")}
    text = mixed.configuration.read_text()
    mixed.write(text.replace("server_name off.example.org;", "server_name new.example.org;")
                .replace("acme off;", "acme pebble;"))
    mixed.reload()
    assert mixed.wait_for_certificate("new.example.org", pebble).names == ["new.example.org"]
    for name, serial in serials.items():
        assert mixed.handshake(name, pebble.root()).serial == serial


def test_a_server_that_rejects_handshakes_orders_nothing(server, pebble):
    reject = Site("reject.example.org", acme=None, default=True, more="ssl_reject_handshake on;")
    server.configure([reject, Site(NAME, acme=None)], [pebble.issuer()], {"acme": "pebble"})
    assert warnings(server.test()) == []
    server.start()
    server.wait_for_certificate(NAME, pebble)
    for name in ("reject.example.org", None):
        with pytest.raises(OSError):
            server.handshake(name)
    assert pebble.issued() == 1


def test_the_variables_of_nginx_acme_are_understood(server, pebble):
    more = "ssl_certificate $acme_certificate; ssl_certificate_key $acme_certificate_key;"
    server.configure([Site(NAME, acme=None, certificates=["pebble"], more=more)], [pebble.issuer()])
    assert warnings(server.test()) == []
    server.start()
    assert server.wait_for_certificate(NAME, pebble).names == [NAME]


def test_a_certificate_of_the_operators_own_at_http_level_is_left_alone(server, pebble, authority):
    own = authority.issue("own.example.org", NAME)
    http = f"ssl_certificate {own[0]}; ssl_certificate_key {own[1]};"
    server.configure([Site("own.example.org", acme=None), Site(NAME)], [pebble.issuer()],
                     {"acme": "pebble"}, http=http)
    server.start()
    assert server.handshake(NAME, authority.root.read_text() + pebble.root())  # bridge
    server.wait_for_certificate(NAME, pebble)
    assert server.handshake("own.example.org", authority.root.read_text())
    assert pebble.issued() == 1


def test_a_removed_module_takes_its_helper_with_it(server, pebble, authority):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    own = authority.issue(NAME)
    server.write(f"user nobody nogroup; pid {server.folder}/nginx.pid; "
                 f"error_log {server.error_log} info; events {{ }} "
                 f"http {{ access_log off; server {{ listen 127.0.0.1:{server.tls_port} ssl; "
                 f"ssl_certificate {own[0]}; ssl_certificate_key {own[1]}; }} }}")
    server.reload()
    server.wait_for_no_helpers()
    assert server.handshake(NAME, authority.root.read_text())


def test_without_a_master_process_the_only_process_serves_and_ends_its_helper(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()], main="master_process off;")
    done = server._nginx()
    assert done.ok, done
    server.wait_for_certificate(NAME, pebble)
    server.wait_for_helpers()
    assert server.workers() == []
    os.kill(server.master, signal.SIGQUIT)
    server.wait_for_no_helpers(timeout=2)
