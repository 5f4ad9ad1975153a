"""Retry-After of every kind is kept, whoever is killed, reloaded or asked meanwhile (rule 5, faults
8 and 9). That nothing comes too early is judged by the fixture `proxy` for every test that uses
it (lib/conduct.py); here it is made difficult."""

import os
import signal
import time

from lib import faults, process
from lib.site import Site

NAME = "www.example.org"


def disturb(server, number):
    """A new helper, or a part of one, in one of the ways that there are."""
    if number % 5 == 4:
        server.restart()
    elif number % 5 == 3:
        server.reload()
    else:
        os.kill(server.helper("agent" if number % 5 else "keeper"), signal.SIGKILL)
    server.wait_for_helpers()


def test_twenty_restarts_bring_nobody_back_before_the_time(server, pebble, proxy):
    """Faults 8 and 9: seconds, minutes, an hour and days, at newOrder and for an order under way."""
    soon, hour, days, dated = names = [f"{name}.example.org" for name in (
        "soon", "hour", "days", "dated")]
    proxy.rule("new-order", faults.slow_down(15), times=1, of=soon)
    proxy.rule("new-order", faults.slow_down(3600), of=hour)
    proxy.rule("finalize", faults.processing(864000), times=1, of=days)
    proxy.rule("finalize", faults.processing(15, as_date=True), times=1, of=dated)
    server.configure([Site(name) for name in names], [proxy.issuer(pebble)])
    server.allow_log(r"exited on signal 9|signal 9 \(SIGKILL\)|kill\(")
    server.start()
    process.wait_until(lambda: len(proxy.of_kind("finalize")) >= 2
                       and len(proxy.of_kind("new-order")) >= 4, 20, "each has its answer")
    server.wait_for_log(r"hour\.example\.org.*too many requests.*next try in")
    process.wait_until(lambda: "864000" not in str(status_of(server, days))
                       and status_of(server, days).get("next_try"), 5, "the wait is in the status")
    for number in range(20):
        disturb(server, number)
        if number % 4 == 0:
            server.acmectl("renew", *names)
    for name in (soon, dated):
        server.wait_for_certificate(name, pebble, timeout=60)
    for name in (soon, dated):
        assert len([order for order in proxy.orders() if order == [name]]) == 1
    assert len([each for each in proxy.of_kind("new-order") if hour in proxy.names_of(each)]) == 1
    told = next(each for each in proxy.of_kind("finalize") if each.retry_after == "864000")
    assert not [each for each in proxy.requests
                if days in proxy.names_of(each) and each.time > told.time]
    assert status_of(server, hour)["failures"] == 1
    # What takes days is parked with a cap: the CA's ten days are one of ours.
    waits = until(status_of(server, days)["next_try"]) - time.time()
    assert 80000 < waits <= 86410


def status_of(server, name):
    try:
        return next(each for each in server.status()["certificates"] if each["id"] == name)
    except (FileNotFoundError, StopIteration, ValueError):
        return {}


def until(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_a_ca_that_asks_everybody_for_patience_is_left_alone(server, pebble, proxy):
    """Rule 5, fault 8: at the directory, newNonce and newAccount it is meant for all orders."""
    proxy.rule("directory", faults.busy(3, as_date=True), times=1)
    proxy.rule("new-nonce", faults.busy(3), times=1)
    proxy.rule("new-account", faults.slow_down(3), times=1)
    names = [f"s{number}.example.org" for number in range(3)]
    server.configure([Site(name) for name in names], [proxy.issuer(pebble)])
    server.start()
    for kind in ("directory", "new-nonce", "new-account"):
        process.wait_until(lambda: proxy.of_kind(kind), 20, f"a request for {kind}")
        time.sleep(0.5)
        server.restart()
    for name in names:
        server.wait_for_certificate(name, pebble, timeout=60)
    assert pebble.accounts() == 1


def test_a_short_retry_after_is_waited_for_in_the_order(server, pebble, proxy):
    """Rule 5."""
    proxy.rule("finalize", faults.busy(2), times=1)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    first, second = [r.time for r in proxy.of_kind("finalize")][:2]
    assert second - first >= 2
    assert proxy.orders() == [[NAME]]
