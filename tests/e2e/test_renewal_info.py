"""The CA says when (RFC 9773): windows, `replaces`, the explanation, and the CA's own clock."""

import json
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from lib import faults, process
from lib.site import Site

NAME = "www.example.org"
WHY = "https://ca.example/incident-42"


def suggestion(start, end, **more):
    """ARI's answer with a window from so many to so many hours from now."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    window = {"start": (now + timedelta(hours=start)).isoformat().replace("+00:00", "Z"),
              "end": (now + timedelta(hours=end)).isoformat().replace("+00:00", "Z")}
    return json.dumps({"suggestedWindow": window, **more})


def suggest(server, pebble, certificate, *arguments, **more):
    """The CA's word on this certificate, which a new helper asks for at once: the time
    that the CA set for the next question is taken out of the stopped server's store."""
    pem = pebble.status_of(certificate.serial)["Certificate"]
    server.stop()
    pebble.set_renewal_info(pem, suggestion(*arguments, **more))
    state = server.state_path / "certs" / NAME / "ecdsa-256" / "state.json"
    record = json.loads(state.read_text())
    record["ari"].pop("ask_again")
    state.write_text(json.dumps(record))
    server.start()


def entry(server):
    return server.status()["certificates"][0]


def suggested(server):
    return process.wait_until(lambda: entry(server).get("renewal_info") and entry(server), 10,
                              "renewal_info in the status")


def issued(server, pebble, proxy):
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    certificate = server.wait_for_certificate(NAME, pebble)
    process.wait_until(lambda: server.status()["certificates"][0]["renew_at"], 10, "a plan")
    return certificate


def replaced(proxy):
    return [request.payload.get("replaces") for request in proxy.of_kind("new-order")
            if request.status == 201]


def test_a_window_is_kept_over_a_restart_and_one_in_the_past_is_renewed_at_once(server, pebble,
                                                                                 proxy):
    proxy.judges = False  # suggest() makes the helper forget when it was to ask again
    first = issued(server, pebble, proxy)
    suggest(server, pebble, first, 24 * 50, 24 * 54)
    planned = suggested(server)
    assert planned["renewal_info"]["window_start"] <= planned["renew_at"] \
        < planned["renewal_info"]["window_end"]
    server.restart()
    server.wait_for_helpers()
    time.sleep(1.5)
    assert entry(server)["renew_at"] == planned["renew_at"]
    asked = proxy.of_kind("renewal-info")
    assert len(asked) == 1, asked  # Pebble wants to be asked again in six hours
    assert asked[0].method == "GET" and asked[0].protected is None
    assert "explanation_url" not in entry(server)["renewal_info"]

    suggest(server, pebble, first, -3, -2, explanationURL=WHY)
    second = server.wait_for_certificate(NAME, pebble, unlike=first, timeout=15)
    assert second.names == [NAME]
    if len(first.serial) == 16:  # Pebble answers 500 to `replaces` of a serial with zeros in front
        assert replaced(proxy) == [None, asked[0].path.rsplit("/", 1)[1]]
    assert len(server.wait_for_log(WHY)) == 1
    time.sleep(1)
    assert len(proxy.orders()) == 2


def test_the_explanation_is_shown_to_people(server, pebble, proxy):
    first = issued(server, pebble, proxy)
    suggest(server, pebble, first, 24 * 50, 24 * 54, explanationURL=WHY)
    assert suggested(server)["renewal_info"]["explanation_url"] == WHY
    assert f"{NAME}: the CA suggests renewal between" in server.acmectl("status").output
    assert WHY in server.acmectl("status").output
    server.restart()
    server.wait_for_helpers()
    assert WHY in server.acmectl("status").output
    time.sleep(1)
    assert len(server.wait_for_log(f"why: {WHY}")) == 1


@pytest.mark.parametrize("status, problem", [
    (409, faults.problem("alreadyReplaced", "that certificate already has a replacement order")),
    (403, faults.problem("unauthorized", "replaces: the certificate belongs to another account"))])
def test_an_order_that_may_not_replace_is_made_without(server, pebble, proxy, status, problem):
    first = issued(server, pebble, proxy)
    proxy.rule("new-order", faults.answer(status, problem), times=1)
    assert server.acmectl("renew", NAME).ok
    server.wait_for_certificate(NAME, pebble, unlike=first)
    sent = [request.payload.get("replaces") for request in proxy.of_kind("new-order")]
    assert len(sent) == 3 and sent[1] and sent[2] is None, sent
    assert "order failed" not in server.log


def shift_date(hours):
    def shift(answer):
        for index, (name, value) in enumerate(answer.headers):
            # Pebble's Retry-After is a date at times.
            if name.lower() == "date" or value.endswith(" GMT"):
                moved = parsedate_to_datetime(value) + timedelta(hours=hours)
                answer.headers[index] = (name, format_datetime(moved, usegmt=True))
    return faults.rewrite(shift)


@pytest.mark.parametrize("hours", [-3, 3])
def test_with_a_wrong_clock_renewals_are_held_and_a_first_issuance_goes_on(server, pebble, proxy,
                                                                           hours):
    proxy.rule("*", shift_date(hours))
    first = issued(server, pebble, proxy)
    line = server.wait_for_log(r"this machine's clock is \d")[0]
    assert ("ahead of" if hours < 0 else "behind") in line, line
    assert server.status()["clocks_off"][0]["issuer"] == "pebble"
    assert abs(server.status()["clocks_off"][0]["ahead_seconds"] + hours * 3600) < 60

    time.sleep(2)  # else that would be older than the certificate itself
    suggest(server, pebble, first, -3, -2)
    server.wait_for_log("wants it renewed now")
    time.sleep(2)
    assert len(proxy.orders()) == 1
    shown = server.acmectl("status").output
    assert shown.startswith("This machine's clock is "), shown
    assert "renewal waits until this machine's clock is set" in shown

    proxy.clear()
    server.restart()
    server.wait_for_certificate(NAME, pebble, unlike=first)
    process.wait_until(lambda: "clocks_off" not in server.status(), 10, "a status without it")
