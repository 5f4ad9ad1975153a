"""One certificate's trouble: told once, in the CA's words, and nobody else's."""

import time

import pytest

from lib import faults, process
from lib.site import Site

NAME = "www.example.org"


def test_a_refused_name_is_told_in_the_cas_words_and_delays_no_other(server, pebble, proxy):
    def of_bad(request):
        return "bad.example.org" in str(request.payload)

    server.configure([Site("bad.example.org"), *(Site(f"s{i}.example.org") for i in range(5))],
                     [proxy.issuer(pebble)])
    problem = faults.problem("rejectedIdentifier", "policy forbids bad.example.org")

    class refuse_bad(faults.answer):
        async def before(self, request):
            return await super().before(request) if of_bad(request) else None
    proxy.rule("new-order", refuse_bad(403, problem))
    server.start()
    for number in range(5):
        server.wait_for_certificate(f"s{number}.example.org", pebble)
    line = server.wait_for_log(r"bad\.example\.org.*policy forbids")[0]
    assert "rejectedIdentifier" in line and "next try" in line, line
    status = {c["id"]: c for c in server.status()["certificates"]}
    assert status["bad.example.org"]["failures"] == 1
    assert "policy forbids" in status["bad.example.org"]["last_error"]


def test_a_failed_validation_names_the_reason_and_is_not_repeated_at_once(server, pebble, dns, proxy):
    dns.set_servfail(NAME)
    server.configure([Site(NAME)], [proxy.issuer(pebble, challenge="http-01")])
    server.start()
    server.wait_for_log(r"www\.example\.org.*next try", timeout=60)
    time.sleep(5)
    assert len(proxy.orders()) == 1
    # A restart does not reset it.
    server.restart()
    server.wait_for_helpers()
    time.sleep(3)
    assert len(proxy.orders()) == 1


def test_retry_after_is_kept_over_restarts_and_renewals_by_hand(server, pebble, proxy):
    limited = faults.answer(429, faults.problem("rateLimited", "too many orders"), retry_after=3600)
    proxy.rule("new-order", limited)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    line = server.wait_for_log(r"too many orders")[0]
    assert "next try" in line, line
    for _ in range(5):
        server.restart()
        server.wait_for_helpers()
        server.acmectl("renew", NAME)
        time.sleep(0.5)
    assert len(proxy.of_kind("new-order")) == 1
    assert server.status()["certificates"][0]["failures"] == 1


def test_a_short_retry_after_is_waited_for_in_the_order(server, pebble, proxy):
    busy = faults.answer(503, faults.problem("serverInternal", "busy"), retry_after=2)
    proxy.rule("finalize", busy, times=1)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    first, second = [r.time for r in proxy.of_kind("finalize")][:2]
    assert second - first >= 2
    assert proxy.orders() == [[NAME]]


@pytest.mark.parametrize("kind", ["new-account", "new-order", "challenge", "finalize", "certificate"])
def test_a_lost_answer_costs_no_second_certificate(server, pebble, proxy, kind):
    proxy.rule(kind, faults.lose_answer(), times=1)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    assert pebble.issued() == 1
    assert pebble.accounts() == 1


@pytest.mark.parametrize("kind", ["directory", "new-nonce", "new-order", "order", "certificate"])
@pytest.mark.parametrize("fault", ["garbage", "truncated", "dropped"])
def test_a_broken_answer_is_survived(server, pebble, proxy, kind, fault):
    broken = {"garbage": faults.answer(502, "<html>oops"), "truncated": faults.truncate(20),
              "dropped": faults.drop()}[fault]
    proxy.rule(kind, broken, times=2)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble, timeout=90)
    assert pebble.issued() == 1


def test_an_endless_answer_is_cut_off(server, pebble, proxy):
    proxy.rule("directory", faults.answer(200, "x" * 50_000_000), times=1)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_log(r"is larger than 1 MiB.*next try")
    server.wait_for_certificate(NAME, pebble, timeout=90)


def test_a_ca_that_answers_garbage_all_the_time_is_told_once(server, pebble, proxy):
    proxy.rule("directory", faults.answer(200, "<html>captive portal</html>"))
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_log(r"JSON")
    time.sleep(10)
    lines = [line for line in server.log.splitlines() if "JSON" in line]
    assert 1 <= len(lines) <= 3, lines
    assert len(proxy.of_kind("directory")) < 20


@pytest.mark.pebble(nonce_reject=50)
def test_half_of_all_nonces_are_refused(server, pebble):
    names = [f"site{number}.example.org" for number in range(5)]
    server.configure([Site(name) for name in names], [pebble.issuer()])
    server.start()
    for name in names:
        server.wait_for_certificate(name, pebble, timeout=60)
    assert pebble.issued() == 5
