"""A domain file is read again when it changes: no reload, the workers stay."""

import os
import signal

from lib import process
from lib.site import Site

SHOP, LATER = "shop.example.org", "later.example.org"
FIRST, SECOND, THIRD, FOURTH = (f"{name}.example.net" for name in ("one", "two", "three", "four"))


def directive(server, path):
    return f"ACMEDomainFile {path}" if server.kind == "httpd" else f"acme_domain_file {path};"


def write(path, lines):
    """As a careful editor does it."""
    new = path.with_name("new")
    new.write_text("".join(f"{line}\n" for line in lines))
    os.rename(new, path)


def ids(server):
    return sorted(each["id"] for each in server.status()["certificates"])


def test_names_come_and_go_without_a_reload(server, pebble):
    domains = server.folder / "domains"
    lines = [f"{SHOP} issuer=pebble", f"{FIRST} issuer=pebble"]
    write(domains, lines)
    write(server.folder / "empty", [])
    server.configure([Site(SHOP, acme=None, default=True, more=directive(server, domains)),
                      Site(LATER, acme=None, more=directive(server, server.folder / "empty"))],
                     [pebble.issuer(challenge="http-01"),
                      pebble.issuer("alpn", challenge="tls-alpn-01")])
    server.start()
    for name in (SHOP, FIRST):
        server.wait_for_certificate(name, pebble, names=[name])
    assert not server.handshake(LATER).from_pebble  # a placeholder
    workers, agent = server.workers(), server.helper("agent")

    # Two new ones, by either type of challenge, around a slip of the pen.
    with open(domains, "a") as file:
        file.write(f"{SECOND} issuer=pebble\nhttp://{THIRD}/\n{THIRD} {FOURTH} issuer=alpn\n")
    (server.folder / "empty").write_text(f"{LATER} issuer=pebble\n")
    for name in (SECOND, LATER):
        server.wait_for_certificate(name, pebble, names=[name])
    for name in (THIRD, FOURTH):
        server.wait_for_certificate(name, pebble, names=sorted([THIRD, FOURTH]))
    server.wait_for_log(rf"\[error\].*in {domains}:4")
    for name in (SHOP, FIRST):
        assert server.handshake(name, pebble.root()).names == [name]
    assert server.workers() == workers and server.helper("agent") == agent
    assert server.acmectl("renew", SECOND).ok
    process.wait_until(lambda: pebble.issued() == 6, 20, "the operator's renewal")

    # The next keeper finds them where the last one left them. What was taken out on purpose is
    # served, and not renewed.
    keeper = server.helper("keeper")
    os.kill(keeper, signal.SIGKILL)
    lines += [f"{THIRD} {FOURTH} issuer=alpn", f"{SECOND} issuer=pebble"]
    write(domains, lines[:1] + lines[2:])
    server.wait_for_log(f"not wanted any more: {FIRST}; served until")
    process.wait_until(lambda: ids(server) == sorted([SHOP, LATER, SECOND, THIRD]), 10, "the list")
    assert server.helper("keeper") != keeper
    for name in (FIRST, SECOND):
        assert server.handshake(name, pebble.root()).names == [name]
    write(domains, lines)
    server.wait_for_log(f"domain files: new: {FIRST}")
    assert server.workers() == workers

    # A reload makes the same of it.
    server.reload()
    server.wait_for_helpers()
    process.wait_until(lambda: server.status()["helper_up"] and len(ids(server)) == 5, 10, "up")
    for name in (SHOP, LATER, FIRST, SECOND):
        assert server.handshake(name, pebble.root()).names == [name]
    assert server.handshake(FOURTH, pebble.root()).names == sorted([THIRD, FOURTH])
    assert pebble.issued() == 6 and pebble.orders() == 6
