"""httpd's configuration: what is refused, what is warned of, what a test of it leaves alone,
and which virtual host answers with what."""

import re
import ssl

import pytest

from lib import client
from lib.site import Issuer, Site

pytestmark = pytest.mark.servers("httpd")

NAME = "www.example.org"
CA = Issuer("pebble", "https://ca.example.org/dir")


def line_of(server, text):
    """The number of the line of httpd.conf that is, or else has, this text."""
    lines = server.configuration.read_text().splitlines()
    for fits in (lambda line: line.strip() == text, lambda line: text in line):
        for number, line in enumerate(lines, 1):
            if fits(line):
                return number
    raise AssertionError(f"no line with {text!r}")


def refused(server, words, text):
    """apachectl -t says no, in these words, and where the line with this text stands."""
    done = server.test()
    assert not done.ok and "Syntax OK" not in done.output, done
    assert re.search(words, done.output), done
    line = line_of(server, text)
    places = (f"on line {line} of {server.configuration}", f"in {server.configuration}:{line}")
    assert any(place in done.output for place in places), (places, done)


def warnings(result):
    assert result.ok, result
    return [line for line in result.output.splitlines() if re.search(r"\[\w*:warn\]", line)]


@pytest.mark.parametrize("line, words", [
    ("ACMEEngine nobody", 'unknown issuer "nobody"'),
    ("ACMEEngine on pebble", '"on" stands alone'),
    ("ACMEEngine pebble pebble", "given twice"),
    ("ACMEEngine", "takes at least one value"),
    ("ACMERenew 30", '"30" is not a time to renew.*30d'),
    ("ACMERenew 33% 30d", "takes exactly one value"),
    ('ACMEUser ""', "name is empty"),
    ("ACMEDomain under_score.example.org", "underscore"),
    ("ACMEDomain *.example.org", r'wildcard "\*\.example\.org" needs dns-01'),
    ("ACMEDomain a.example.org keys=rsa:2048", "unknown parameter"),
    ("ACMEDomain a.example.org key=rsa:1024", 'unknown kind of key "rsa:1024"'),
    ("ACMEDomain a.example.org issuer=nobody", 'unknown issuer "nobody"'),
    ("ACMEDomain issuer=pebble", "no name"),
    ("ACMEDomain 192.0.2.256", "its last label is a number"),
    ("ACMEDomainFile nowhere", "/nowhere.* cannot be read: No such file"),
    ("ACMEDomainFile one other", "takes exactly one value"),
    ("ACMEDirectoryURL https://elsewhere.example.org/dir", "only occur within <ACMEIssuer>"),
    ("<ACMEIssuer>\n</ACMEIssuer>", "exactly one value"),
    ("<ACMEIssuer on>\n</ACMEIssuer>", "cannot be named"),
    ("<ACMEIssuer a b>\n</ACMEIssuer>", "exactly one value"),
    ('<ACMEIssuer "a b">\n</ACMEIssuer>', "cannot be the name of an issuer"),
    ("<ACMEIssuer pebble>\n</ACMEIssuer>", "defined already"),
    ("<ACMEIssuer other\n</ACMEIssuer>", "missing closing"),
])
def test_a_typing_error_in_the_main_server_is_refused(server, line, words):
    server.configure([Site(NAME)], [CA], http=line)
    refused(server, words, line.splitlines()[0])


@pytest.mark.parametrize("line, words", [
    ("ACMEDirectoryURL http://a.example.org/", "not an https URL"),
    ("ACMEDirectoryURL", "takes exactly one value"),
    ("ACMEKeyType ecdsa:257", 'unknown kind of key "ecdsa:257"'),
    ("ACMEChallenge http-02", 'unknown challenge type "http-02"'),
    ("ACMEContact nobody", "not a mail address"),
    ("ACMEVerify perhaps", "neither on nor off"),
    ("ACMEEngine on", "cannot occur within <ACMEIssuer>"),
    ("ACMEColour red", "Invalid command 'ACMEColour'"),
])
def test_a_typing_error_in_an_issuer_is_refused(server, line, words):
    server.configure([Site(NAME)], [CA], http=f"<ACMEIssuer other>\n{line}\n</ACMEIssuer>")
    refused(server, words, line)


@pytest.mark.parametrize("line, words", [
    ("ACMEEngine nobody", 'unknown issuer "nobody"'),
    ("ACMERenew soon", '"soon" is not a time to renew'),
    ("ACMEDomain .example.org", "is no name: write example.org and www.example.org"),
    ("ACMEDomainFile nowhere", "/nowhere.* cannot be read: No such file"),
    ("ACMEStatePath /somewhere", "<VirtualHost>"),
    ("<ACMEIssuer other>\n</ACMEIssuer>", "<VirtualHost>"),
    ("<Location />\nACMEEngine on\n</Location>", "not allowed here|<Location>"),
    ("<Directory />\nACMERenew 30d\n</Directory>", "not allowed here|<Directory>"),
])
def test_a_typing_error_in_a_virtual_host_is_refused(server, line, words):
    server.configure([Site(NAME, acme=None, plain=None, more=line)], [CA])
    done = server.test()
    assert not done.ok and re.search(words, done.output), done


def test_a_start_with_a_typing_error_says_so_and_does_nothing(server):
    server.configure([Site(NAME)], [CA], {"acme": "nobody"})
    done = server.start(expect_fail=True)
    assert 'unknown issuer "nobody"' in done.output
    assert not server.state_path.exists() and not any(server.helpers().values())


def test_a_name_in_two_domains_is_refused_with_both_places(server):
    server.configure([Site(NAME)], [CA], http="ACMEDomain www.example.org issuer=pebble\n"
                                              "ACMEDomain a.example.org www.example.org")
    refused(server, r'"www\.example\.org" stands in two', "ACMEDomain a.example.org")
    assert f":{line_of(server, 'ACMEDomain www')} " in server.test().output


def test_a_wrong_line_of_a_domain_file_is_refused_where_it_stands(server):
    domains = server.folder / "domains"
    domains.write_text("# ours\na.example.org\nb.example.org keys=rsa:2048\n")
    server.configure([Site(NAME)], [CA], http=f"ACMEDomainFile {domains}")
    done = server.test()
    assert not done.ok and f'unknown parameter "keys="' in done.output, done
    assert f"in {domains}:3" in done.output, done


def test_the_last_one_of_a_directive_counts_as_everywhere_in_httpd(server, pebble):
    server.configure([Site(NAME, acme=None)], [pebble.issuer()],
                     http="ACMEEngine off\nACMEEngine pebble")
    server.start()
    server.wait_for_certificate(NAME, pebble)


def test_an_explicit_wildcard_is_refused_where_the_host_stands(server):
    server.configure([Site([NAME, "*.example.org"])], [CA])
    refused(server, r'wildcard "\*\.example\.org" needs dns-01', f"<VirtualHost 127.0.0.1:{server.tls_port}>")


def test_without_mod_ssl_its_directives_stay_unknown(server):
    server.configure([Site(NAME)], [CA])
    text = server.configuration.read_text()
    server.write(re.sub(r"^(LoadModule (ssl|http2)_module|SSLSessionCache|Protocols).*$", "", text,
                        flags=re.M))
    done = server.test()
    assert not done.ok and "Invalid command 'SSLEngine'" in done.output, done


@pytest.mark.parametrize("site, words", [
    (Site(["a.example.org", "*.example.org"], acme=None), r'wildcard "\*\.example\.org"'),
    (Site(["a.example.org", "www.example.*"], acme=None), "pattern"),
    (Site(["a.example.org", "under_score.example.org"], acme=None), "underscore"),
    (Site(["a.example.org", "localhost"], acme=None), "without a dot"),
])
def test_what_cannot_be_done_is_warned_of(server, site, words):
    server.configure([site], [CA], {"acme": "pebble"})
    found = warnings(server.test())
    assert len(found) == 1 and re.search(words, found[0]), found


def test_a_server_without_any_plain_listener_is_warned_of(server):
    for challenge, count in (("http-01", 1), ("http-01 tls-alpn-01", 0), ("tls-alpn-01", 0)):
        server.configure([Site(NAME, plain=None)],
                         [Issuer("pebble", CA.directory, {"challenge": challenge})])
        text = server.configuration.read_text()
        server.write(text.replace(f"Listen 127.0.0.1:{server.http_port} http", ""))
        found = warnings(server.test())
        assert len(found) == count and all("no plain-HTTP listener" in line for line in found)


def test_acme_in_a_host_without_tls_is_warned_of(server):
    server.configure([Site(NAME, acme=None, tls=False, more="ACMEEngine on")], [CA])
    assert "no effect" in " ".join(warnings(server.test()))


def test_a_domain_that_no_host_carries_is_warned_of(server):
    server.configure([Site(NAME)], [CA], http="ACMEDomain other.example.org issuer=pebble")
    found = " ".join(warnings(server.test()))
    assert "no virtual host" in found and "other.example.org" in found


def test_nothing_is_said_where_nothing_is_wrong(server, authority):
    own = authority.issue("own.example.org")
    server.configure([Site(NAME), Site("own.example.org", acme=None, own=own),
                      Site("by-hand.example.org", acme=None, certificates=["pebble"]),
                      Site("plain.example.org", acme=None, tls=False)], [CA], {"acme": "pebble"})
    assert warnings(server.test()) == []


def test_the_module_alone_changes_nothing(server, authority):
    server.configure([Site(NAME, acme=None, own=authority.issue(NAME))])
    text = server.configuration.read_text()
    server.write("\n".join(line for line in text.splitlines() if not line.startswith("ACME")))
    assert warnings(server.test()) == []
    server.start()
    assert server.handshake(NAME).issuer == "CN=acmecore test authority"
    server.graceful()
    assert not any(server.helpers().values()) and not server.state_path.exists()


@pytest.mark.parametrize("arguments", [["-t"], ["-S"], ["-M"], ["-t", "-D", "DUMP_RUN_CFG"], ["-L"]])
def test_a_look_at_the_configuration_leaves_nothing_behind(server, pebble, proxy, arguments):
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    before = sorted(path for path in server.folder.rglob("*") if path.name != "command.out")
    done = server.run(*server.command(*arguments))
    assert done.ok, done
    assert sorted(path for path in server.folder.rglob("*") if path.name != "command.out") == before
    assert server.processes() == [] and not any(server.helpers().values())
    assert proxy.requests == []
    if arguments == ["-M"]:
        assert "acme_module (shared)" in done.output
    if arguments == ["-L"]:
        assert "ACMEDomain (mod_acme.c)" in done.output


def test_a_look_beside_a_running_server_disturbs_nothing(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    before = server.wait_for_helpers()
    for argument in ("-t", "-S", "-M"):
        assert server.run(*server.command(argument)).ok
    assert server.wait_for_helpers() == before
    assert server.handshake(NAME, pebble.root())


@pytest.mark.parametrize("module", ["mod_acme.c", "acme_module"])
def test_ifmodule_knows_the_module(server, pebble, module):
    server.configure([Site(NAME, acme=None)], [pebble.issuer()],
                     http=f"<IfModule {module}>\nACMEEngine pebble\n</IfModule>\n"
                          f"<IfModule !{module}>\nNonsense\n</IfModule>")
    server.start()
    server.wait_for_certificate(NAME, pebble)


@pytest.mark.parametrize("line", ["ACMEEngine on", "ACMEDomain a.example.org", "ACMERenew 30d",
                                  "<ACMEIssuer x>\n</ACMEIssuer>", "SSLEngine off", "ServerName x"])
def test_nothing_of_it_is_allowed_in_htaccess(server, line):
    site = Site(NAME, acme=None, tls=False)
    server.configure([site])
    server.allow_log("not allowed here")
    server.start()
    assert server.http_get(NAME).status == 200
    (server.make_content(site) / ".htaccess").write_text(line + "\n")
    assert server.http_get(NAME).status == 500
    server.wait_for_log("not allowed here")


def test_server_status_goes_on_working(server, pebble):
    status = "<Location /server-status>\nSetHandler server-status\n</Location>"
    server.configure([Site(NAME, more=status)], [pebble.issuer()], main="ExtendedStatus on")
    server.start()
    server.wait_for_certificate(NAME, pebble)
    for _ in range(2):
        assert "Apache Server Status" in server.http_get(NAME, "/server-status").text
        assert "ServerUptimeSeconds" in server.http_get(NAME, "/server-status?auto").text
        server.graceful()


def test_stapling_is_warned_of_once_and_fills_no_log(server, pebble):
    server.configure([Site(NAME), Site("shop.example.org")], [pebble.issuer()],
                     main="SSLUseStapling on\nSSLStaplingCache shmcb:runtime/stapling")
    found = warnings(server.test())
    assert len(found) == 1 and "SSLUseStapling" in found[0] and "2 servers" in found[0]
    server.start()
    server.wait_for_certificate(NAME, pebble)
    assert not [line for line in server.log.splitlines() if "[error]" in line]


# Which virtual host answers with what.

@pytest.fixture
def mixed(server, pebble, authority):
    """Virtual hosts of all kinds on one address, under `ACMEEngine pebble`."""
    own = {name: authority.issue(name) for name in
           ("static.example.org", "bridge.example.org", "off.example.org", "domain.example.org")}
    server.configure([
        Site("default.example.org", acme=None, default=True),
        Site("inherits.example.org", acme=None),
        Site(["explicit.example.org", "also.example.org"]),
        Site("static.example.org", acme=None, own=own["static.example.org"]),
        Site("bridge.example.org", own=own["bridge.example.org"]),
        Site("off.example.org", acme="off", own=own["off.example.org"]),
        Site("domain.example.org", acme=None, own=own["domain.example.org"],
             certificates=["pebble name=by-hand key=rsa:2048"]),
    ], [pebble.issuer()], {"acme": "pebble"})
    server.start()
    for name in ("default.example.org", "inherits.example.org", "explicit.example.org",
                 "bridge.example.org", "domain.example.org"):
        server.wait_for_certificate(name, pebble)
    return server


def test_hosts_of_all_kinds_share_an_address(mixed, pebble, authority):
    trust, own = pebble.root(), authority.root.read_text()
    assert mixed.handshake("inherits.example.org", trust).names == ["inherits.example.org"]
    for name in ("explicit.example.org", "also.example.org"):
        assert mixed.handshake(name, trust).names == ["also.example.org", "explicit.example.org"]
    assert mixed.handshake("bridge.example.org", trust).names == ["bridge.example.org"]
    assert mixed.handshake("domain.example.org", trust).key_type == "rsa:2048"
    for name in ("static.example.org", "off.example.org"):
        assert mixed.handshake(name, own).names == [name]
    # Who asks for no name or an unknown one gets the first host's.
    for name in (None, "unknown.example.org"):
        assert mixed.handshake(name).names == ["default.example.org"]
    # The same with TLS 1.2 as the most.
    old = client.context(trust, maximum=ssl.TLSVersion.TLSv1_2)
    assert mixed.handshake("inherits.example.org", using=old).names == ["inherits.example.org"]
    assert pebble.issued() == 5


def test_one_host_carries_the_names_of_many_domains(server, pebble):
    names = [f"s{number}.example.org" for number in range(12)]
    server.configure([Site(names, acme=None)], [pebble.issuer()],
                     http="\n".join(f"ACMEDomain {name} issuer=pebble" for name in names))
    server.start()
    for name in names:
        assert server.wait_for_certificate(name, pebble, names=[name])
    assert server.handshake(None).names == [names[0]]
    assert pebble.issued() == len(names)


def test_domains_in_a_host_are_served_by_it_whatever_its_names_are(server, pebble):
    """In the default host of the address they are for clients that ask for no other's name."""
    lines = "\n".join(f"ACMEDomain {name} issuer=pebble" for name in
                      ("customer-a.example.org", "customer-b.example.org", NAME))
    server.configure([Site(NAME, acme=None, default=True, more=lines), Site("other.example.org")],
                     [pebble.issuer()])
    server.start()
    for name in (NAME, "customer-a.example.org", "customer-b.example.org", "other.example.org"):
        assert server.wait_for_certificate(name, pebble, names=[name])
    assert server.handshake(None).names == [NAME]
    assert pebble.issued() == 4


def test_a_domain_file_has_a_certificate_in_each_line(server, pebble):
    (server.folder / "domains").write_text(
        f"# customers\n{NAME} issuer=pebble\n\na.example.org b.example.org name=both issuer=pebble\n")
    server.configure([Site([NAME, "b.example.org"], acme=None)], [pebble.issuer()],
                     http="ACMEDomainFile domains")
    server.start()
    assert server.wait_for_certificate(NAME, pebble, names=[NAME])
    assert server.wait_for_certificate("b.example.org", pebble, names=["a.example.org", "b.example.org"])
    assert pebble.issued() == 2


def test_engine_and_domain_complete_each_other(server, pebble):
    """What a domain covers is served by it; the rest gets a certificate of its own."""
    names = ["a.example.org", "b.example.org", "c.example.org"]
    server.configure([Site(names)], [pebble.issuer()], http="ACMEDomain b.example.org issuer=pebble")
    server.start()
    assert server.wait_for_certificate("b.example.org", pebble, names=["b.example.org"])
    for name in ("a.example.org", "c.example.org"):
        server.wait_for_certificate(name, pebble, names=["a.example.org", "c.example.org"])


def test_a_domain_leaves_a_host_alone_that_has_switched_it_off(server, pebble, authority):
    own = authority.issue(NAME)
    server.configure([Site(NAME, acme="off", own=own), Site("a.example.org", acme=None)],
                     [pebble.issuer()], http=f"ACMEDomain {NAME} a.example.org issuer=pebble")
    server.start()
    server.wait_for_certificate("a.example.org", pebble)
    assert server.handshake(NAME, authority.root.read_text())


def test_tls_by_the_port_alone_counts_where_there_is_a_file(server, pebble, authority):
    """`Listen … https` switches mod_ssl on for a host with a certificate: a bridge then."""
    server.configure([Site(NAME, own=authority.issue(NAME))], [pebble.issuer()])
    server.write(server.configuration.read_text().replace("SSLEngine on", ""))
    server.start()
    server.wait_for_certificate(NAME, pebble)


def test_a_host_without_a_servername_orders_nothing(server, pebble):
    """httpd makes a name up from the DNS; nobody has asked for a certificate for that."""
    server.configure([Site(NAME, acme=None), Site("x.example.org", acme=None)], [pebble.issuer()],
                     {"acme": "pebble"})
    text = server.configuration.read_text()
    server.write(text.replace("ServerName x.example.org", ""))
    done = server.test()
    assert "no name that a certificate could carry" in done.output, done
