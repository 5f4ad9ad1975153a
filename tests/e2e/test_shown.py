"""What is served is what was issued: the agent asks the server's own listeners, and leaves no trace
that anybody has to read."""

import re

import pytest

from lib import process
from lib.httpd import MODULES
from lib.ports import free_port
from lib.site import Site

PLAIN, BOTH, KNOWN12, KNOWN13, PROXIED = (f"{label}.example.org" for label in (
    "plain", "both", "known12", "known13", "proxied"))
ABOVE_INFO = re.compile(r"\[(notice|warn|error|crit|alert|emerg)\]")


def shown(server, who, where, count=1):
    return server.wait_for_log(rf"\[info\].* {re.escape(who)}: the current certificate is shown at "
                               rf"{re.escape(where)}$", 30, count)


def tls_host(server, name, listen, more=()):
    """A site with TLS alone, at a listener of its own."""
    if server.kind == "nginx":
        return "\n    ".join([f"server {{", f"listen {listen};", f"server_name {name};",
                              "acme pebble;", *more]) + "\n}"
    return "\n    ".join([f"Listen {listen} https", f"<VirtualHost {listen}>",
                          f"ServerName {name}", "SSLEngine on", "ACMEEngine pebble",
                          *more]) + "\n</VirtualHost>"


def access_log(server):
    path = server.folder / "access.log"
    if server.kind == "nginx":
        return path, f"access_log {path};"
    return path, f'CustomLog {path} "%h %p %r %s"'


def test_each_listener_is_asked_and_nobody_notices(server, pebble, authority):
    accessed, log_line = access_log(server)
    port = free_port()
    proxied = f"127.0.0.1:{port}"
    sockets = []
    extra = [tls_host(server, PROXIED, proxied + " ssl proxy_protocol" if server.kind == "nginx"
                      else proxied, [log_line] + (["RemoteIPProxyProtocol On"]
                                                  if server.kind == "httpd" else []))]
    if server.kind == "nginx":
        sockets = [f"unix:{server.folder}/site.sock"]
        extra.append(tls_host(server, PLAIN, f"{sockets[0]} ssl", [log_line]))
    known = server.only_known_clients(authority.root)
    server.configure(
        [Site(BOTH, acme="two", more=log_line), Site(PLAIN, more=log_line),
         Site(KNOWN12, more=f"{known}\n{server.tls_versions('1.2')}\n{log_line}"),
         Site(KNOWN13, more=f"{known}\n{server.tls_versions('1.3')}\n{log_line}"),
         Site(PROXIED, acme=None, tls=False)],
        [pebble.issuer(), pebble.issuer("two", key="ecdsa:256 rsa:2048")],
        http="\n".join(extra),
        main=f"LoadModule remoteip_module {MODULES}/mod_remoteip.so"
        if server.kind == "httpd" else "")
    server.start()
    here = f"127.0.0.1:{server.tls_port}"
    for who in (KNOWN12, KNOWN13, f"{BOTH} (ecdsa:256)", f"{BOTH} (rsa:2048)"):
        shown(server, who, here)
    shown(server, PLAIN, ", ".join([*sockets, here]))
    shown(server, PROXIED, proxied)

    # Since the first certificate is there, nothing above info but the others, and no request.
    _, _, since = server.log.partition("certificate obtained")
    noise = [line for line in since.splitlines()
             if ABOVE_INFO.search(line) and "certificate obtained" not in line]
    assert not noise, "\n".join(noise)
    requests = [line for line in accessed.read_text().splitlines()
                if "/.well-known/acme-challenge/" not in line]
    assert not requests, requests

    process.wait_until(lambda: [each.get("shown", {}).get("state") for each in
                                server.status()["certificates"]] == ["current"] * 6, 5,
                       "what was seen in the status")
    done = server.acmectl("status", PROXIED)
    assert re.search(rf"shown +yes, at {re.escape(proxied)}, ", done.output), done


def test_a_server_block_that_takes_the_name_is_told_of(server, pebble, authority):
    taken, fine = "taken.example.org", "fine.example.org"
    own = Site(taken, acme=None, own=authority.issue(taken, label="own"), plain=None)
    sites = [Site(fine), Site(taken)]
    server.configure([own, *sites], [pebble.issuer()])
    server.start()
    here = f"127.0.0.1:{server.tls_port}"
    shown(server, fine, here)
    line = server.wait_for_log(rf"\[error\].* {taken}: {here} shows another certificate", 30)[0]
    assert "acmecore test authority" in line and "is the name in two of them?" in line, line

    def told():
        return {each["id"]: each.get("shown", {}).get("state")
                for each in server.status()["certificates"]}
    process.wait_until(lambda: told() == {taken: "another certificate", fine: "current"}, 5,
                       "what was seen in the status")
    done = server.acmectl("status", taken)
    assert f"another certificate, at {here}: for {taken} by" in re.sub(r"\s+", " ", done.output), done

    # Mended: the next generation sees it.
    server.configure(sites, [pebble.issuer()])
    server.reload()
    shown(server, taken, here)
    assert len(server.wait_for_log("shows another certificate")) == 1


def test_after_a_reload_that_activates_it_is_looked_again(server, pebble):
    name = "www.example.org"
    server.configure([Site(name)], [pebble.issuer()], {"activation": "reload"})
    server.start()
    server.wait_for_log("reloading the server gracefully")
    shown(server, name, f"127.0.0.1:{server.tls_port}")
    assert "shows another certificate" not in server.log


@pytest.mark.servers("nginx")
def test_another_program_that_has_the_address_is_told_of(server, pebble, authority):
    """A socket's path leads to whoever bound it last: here a second nginx."""
    server.allow_log(r"unlink\(\)")  # who has taken it takes it away
    name = "www.example.org"
    path = server.folder / "site.sock"
    server.configure([Site(name, tls=False, acme=None)], [pebble.issuer()],
                     http=tls_host(server, name, f"unix:{path} ssl"))
    server.start()
    shown(server, name, f"unix:{path}")
    certificate, key = authority.issue(name, label="other")
    path.unlink()
    other = type(server)(server.folder / "other", free_port(), free_port(), module=False)
    try:
        other.configure([], http=f"server {{ listen unix:{path} ssl; ssl_certificate {certificate}; "
                                 f"ssl_certificate_key {key}; }}")
        other.start()
        assert server.acmectl("renew", name).ok
        line = server.wait_for_log(rf"\[error\].*unix:{path} shows another certificate", 30)[0]
        assert "another program has the address" in line, line
    finally:
        other.stop()
        other.destroy()
