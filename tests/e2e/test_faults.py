"""A CA that refuses, forgets and breaks off: one certificate's trouble is told once, in the CA's
words, is nobody else's, and costs no certificate that was issued. The faults are numbered in
docs/faults.md."""

import os
import signal
import time

import pytest

from lib import faults, process
from lib.site import Site

NAME = "www.example.org"
# Every kind of request that an order leads to.
KINDS = ["directory", "new-nonce", "new-account", "new-order", "authorization", "challenge", "order",
         "finalize", "certificate"]


def stored(server, name):
    """The folder of the stored certificate that is current."""
    return next((server.state_path / "certs" / name).glob("*/current")).resolve()


def certificates(server):
    return {each["id"]: each for each in server.status()["certificates"]}


def test_twenty_certificates_each_with_its_own_trouble(server, pebble, proxy):
    """Rules 5, 10 and 11 and fault 8: what one certificate meets delays no other."""
    good = [f"s{number}.example.org" for number in range(14)]
    names = ["limited", "agree", "split", "early", "newline", "slow"]
    limited, agree, split, early, newline, slow = sites = [f"{name}.example.org" for name in names]
    other = "other.example.org"
    proxy.rule("new-order", faults.slow_down(3600), of=limited)
    proxy.rule("new-order", faults.agree("https://ca.example/terms/2"), of=agree)
    proxy.rule("new-order", faults.answer(403, faults.problem(
        "malformed", "some identifiers were refused", subproblems=[
            faults.subproblem("rejectedIdentifier", split, "policy forbids it"),
            faults.subproblem("caa", other, "CAA names another CA")])), of=split)
    proxy.rule("finalize", faults.not_ready(), times=2, of=early)

    def cut_newline(answer):
        answer.body = answer.body.rstrip(b"\n")
    proxy.rule("certificate", faults.rewrite(cut_newline), of=newline)
    proxy.rule("finalize", faults.processing(2, as_date=True), of=slow)
    proxy.rule("order", faults.processing(2), times=1, of=slow)
    server.configure([*map(Site, good), *(Site([name, other] if name == split else name)
                                          for name in sites)], [proxy.issuer(pebble)])
    server.start()
    for name in (*good, early, newline, slow):
        server.wait_for_certificate(name, pebble)
    # The times in the record are exact; the bound is for a loaded machine.
    came = [request.time for request in proxy.of_kind("certificate")
            if proxy.names_of(request)[0] in good]
    assert max(came) - proxy.of_kind("new-order")[0].time < 15
    assert sorted(proxy.orders()) == sorted([name] for name in (*good, early, newline, slow))
    assert stored(server, newline).joinpath("fullchain.pem").read_bytes().endswith(b"-----\n")

    words = {limited: r"too many requests", agree: r"changed; open https://ca\.example/terms/2",
             split: r"split\.example\.org: rejectedIdentifier: policy forbids it; "
                    r"other\.example\.org: caa: CAA names another CA"}
    for name, what in words.items():
        line = server.wait_for_log(rf"{name}: order failed: .*{what}.*next try in")[0]
        assert "[error]" in line, line
    status = certificates(server)
    assert {name: status[name]["failures"] for name in words} == dict.fromkeys(words, 1), status
    assert "policy forbids it" in status[split]["last_error"]


def test_an_account_that_the_ca_forgot_is_registered_again(server, pebble, proxy):
    """Rule 4: once, and with the same key."""
    proxy.rule("new-order", faults.no_account(), times=1)
    server.configure([Site(NAME), Site("b.example.org")], [proxy.issuer(pebble)])
    server.start()
    for name in (NAME, "b.example.org"):
        server.wait_for_certificate(name, pebble)
    server.wait_for_log(r"does not know the account .* registered again")
    assert [request.status for request in proxy.of_kind("new-account")
            if b"badNonce" not in request.answer] == [201, 200]
    assert pebble.accounts() == 1


def test_a_failed_validation_names_the_reason_and_is_not_repeated_at_once(server, pebble, dns, proxy):
    """Fault 8: neither by itself nor by a restart. Rule 17: nothing stays pending at the CA."""
    dns.set_servfail(NAME)
    server.configure([Site([NAME, "b.example.org"])], [proxy.issuer(pebble, challenge="http-01")])
    server.start()
    server.wait_for_log(r"www\.example\.org.*next try", timeout=60)
    time.sleep(2)
    assert len(proxy.orders()) == 1
    server.restart()
    server.wait_for_helpers()
    time.sleep(2)
    assert len(proxy.orders()) == 1


def test_every_kind_of_request_loses_its_answer_once(server, pebble, proxy):
    """Faults 7 and 17: the CA acted each time, and there is no second certificate or account."""
    for kind in KINDS:
        proxy.rule(kind, faults.lose_answer(), times=1)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble, timeout=60)
    assert pebble.issued() == 1
    assert pebble.accounts() == 1
    assert pebble.orders() <= 2


@pytest.mark.parametrize("fault", [faults.answer(502, "<html>oops"), faults.truncate(20), faults.drop()],
                         ids=["garbage", "truncated", "dropped"])
def test_every_kind_of_request_is_answered_badly_once(server, pebble, proxy, fault):
    """Faults 17 and 18."""
    for kind in KINDS:
        proxy.rule(kind, fault, times=1)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_certificate(NAME, pebble, timeout=60)
    assert pebble.issued() == 1


def test_what_was_issued_is_not_lost_with_the_helper(server, pebble, proxy):
    """Fault 7: killed between finalize and download, it downloads. Fault 16: key and certificate
    are of one order. Fault 4: a lock that was left behind holds nobody up."""
    def kill():
        for role in ("agent", "keeper"):
            for pid in server.helpers()[role]:
                os.kill(pid, signal.SIGKILL)
    proxy.rule("certificate", faults.call(kill), times=1)
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.allow_log(r"exited on signal 9|signal 9 \(SIGKILL\)|kill\(")
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    assert proxy.orders() == [[NAME]] and pebble.issued() == 1
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    folder = stored(server, NAME)
    key = serialization.load_pem_private_key(folder.joinpath("privkey.pem").read_bytes(), None)
    leaf = x509.load_pem_x509_certificate(folder.joinpath("fullchain.pem").read_bytes())
    assert key.public_key().public_numbers() == leaf.public_key().public_numbers()

    server.stop()
    server.wait_for_no_helpers()
    for left in ("", "1\n"):
        (server.state_path / "lock").write_text(left)
        server.start()
        server.wait_for_helpers()
        assert server.acmectl("renew", NAME).ok
        first = server.wait_for_certificate(NAME, pebble, unlike=first)
        server.stop()
        server.wait_for_no_helpers()


def test_a_wrong_certificate_is_refused_and_the_old_one_serves_on(server, pebble, proxy, authority):
    """Fault 15, rule 19: another name's, an expired one, another key's, and a page of HTML."""
    names = [f"{name}.example.org" for name in ("foreign", "expired", "key", "page")]
    server.configure([Site(name) for name in names], [proxy.issuer(pebble)])
    server.start()
    old = {name: server.wait_for_certificate(name, pebble) for name in names}

    def forge(**how):
        def change(answer):
            answer.body = authority.forge(answer.body, **how)
        return faults.rewrite(change)
    wrong = [forge(names=["elsewhere.example.net"]), forge(days=-1), forge(key=authority.key.public_key()),
             faults.answer(200, "<html>maintenance</html>")]
    for name, action in zip(names, wrong):
        proxy.rule("certificate", action, times=1, of=name)
    assert server.acmectl("renew", *names).ok
    for name, words in zip(names, ("not asked for: elsewhere|elsewhere.example.net", "expired on",
                                   "is for another key", "without PEM")):
        line = server.wait_for_log(rf"{name}: order failed: .*({words}).*next try in")[0]
        assert name.startswith("page") or "the certificate of before stays in use" in line, line
        assert server.handshake(name, pebble.root()).serial == old[name].serial
    process.wait_until(lambda: all(each["failures"] == 1 for each in certificates(server).values()),
                       5, "the status has it")
    # The orders are taken up again: the certificates are the CA's, and it may have mended them.
    assert server.acmectl("renew", *names).ok
    for name in names:
        server.wait_for_certificate(name, pebble, unlike=old[name])
    assert pebble.issued() == 2 * len(names)


def test_a_ca_that_answers_garbage_all_the_time_is_told_once(server, pebble, proxy):
    """Fault 18."""
    proxy.rule("directory", faults.answer(200, "<html>captive portal</html>"))
    server.configure([Site(NAME)], [proxy.issuer(pebble)])
    server.start()
    server.wait_for_log(r"JSON")
    time.sleep(4)
    lines = [line for line in server.log.splitlines() if "JSON" in line]
    assert 1 <= len(lines) <= 3, lines
    assert len(proxy.of_kind("directory")) < 20


@pytest.mark.pebble(nonce_reject=50)
def test_half_of_all_nonces_are_refused(server, pebble, proxy):
    """Rule 1. Measured on a quiet machine this takes a second or two."""
    names = [f"site{number}.example.org" for number in range(20)]
    server.configure([Site(name) for name in names], [proxy.issuer(pebble)])
    server.start()
    for name in names:
        server.wait_for_certificate(name, pebble, timeout=60)
    assert pebble.issued() == 20
    refused = [request for request in proxy.requests if b"badNonce" in request.answer]
    assert len(refused) >= 20
    assert proxy.requests[-1].time - proxy.requests[0].time < 30
