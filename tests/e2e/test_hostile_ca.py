"""Answers that would exhaust a client or lead it astray (fault 18)."""

import re
import time
from pathlib import Path

from lib import faults, process
from lib.site import Site

NAME = "www.example.org"


def most_memory(pid):
    """In KiB, of its whole life."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def test_endless_and_trickling_answers_are_cut_off_and_nothing_is_lost(server, pebble, proxy):
    """Fault 18: caps of size and time, flat memory, the certificates come all the same."""
    endless, late, trickle, good = names = [f"{name}.example.org" for name in (
        "endless", "late", "trickle", "good")]
    proxy.rule("directory", faults.endless(), times=1)
    proxy.rule("finalize", faults.endless(), times=1, of=endless)
    proxy.rule("certificate", faults.endless(), times=1, of=late)
    proxy.rule("authorization", faults.drip(), times=1, of=trickle)
    server.configure([Site(name) for name in names], [proxy.issuer(pebble)])
    server.start()
    agent = server.helper("agent")
    server.wait_for_log(r"larger than 1 MiB.*next try")
    assert server.acmectl("renew", *names).ok
    server.wait_for_certificate(good, pebble)
    began = time.monotonic()
    for name in (endless, late):
        server.wait_for_log(rf"{name}: order failed: .*larger than 1 MiB.*next try")
    assert server.acmectl("renew", endless, late).ok
    for name in (endless, late):
        server.wait_for_certificate(name, pebble)
    server.wait_for_certificate(trickle, pebble, timeout=90)
    assert time.monotonic() - began > 20, "the trickle was waited for"
    assert most_memory(agent) < 64 * 1024
    assert sorted(proxy.orders()) == sorted([name] for name in names)
    assert pebble.issued() == len(names)


def test_only_the_directory_may_be_redirected_and_not_without_end(server, pebble, proxy):
    """Rule 18."""
    proxy.rule("/dir", faults.redirect("/dir?one"))
    proxy.rule("/dir[?]one", faults.redirect("/dir?two", status=308))
    proxy.rule("new-order", faults.redirect("/elsewhere", status=307), times=1)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_log(r"order failed: HTTP status 307.*next try")
    assert server.acmectl("renew", NAME).ok
    first = server.wait_for_certificate(NAME, pebble)
    assert not proxy.of_kind("/elsewhere")

    for target, words in (("/dir", "redirects without end"),
                          (f"http://localhost:{server.http_port}/", "something else than https")):
        proxy.clear()
        proxy.rule("directory", faults.redirect(target))
        before = len(proxy.of_kind("directory"))
        server.restart()
        server.wait_for_helpers()
        assert server.acmectl("renew", NAME).ok
        server.wait_for_log(rf"{words}.*the one in use is valid until .* and renewed as planned")
        assert len(proxy.of_kind("directory")) - before <= 4
        assert server.handshake(NAME, pebble.root()).serial == first.serial
    proxy.clear()
    process.wait_until(lambda: server.acmectl("renew", NAME).ok, 5, "renewal is asked for")
    server.wait_for_certificate(NAME, pebble, unlike=first)
