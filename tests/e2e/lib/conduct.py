"""How a client has to behave at a CA, judged by the fault proxy's record: it comes back no
earlier than it was told to (Retry-After), and what it sends has the form of RFC 8555.
"""

import email.utils
import json
import re

# So much earlier a request may seem to be, by clocks that are read one after the other.
SLACK = 0.05
# Shorter waits between two looks at an order end with the helper that was told of them.
SHORT = 5
# Nonces are fetched several at once: so long one may be on its way while its connection is opened.
ON_ITS_WAY = 1
BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


def complaints(requests, order_of):
    """Sentences; order_of(request): the path of the order that it belongs to, or None."""
    return too_early(requests, order_of) + ill_formed(requests)


# Retry-After.

def too_early(requests, order_of):
    found, until = [], {}
    for request in sorted(requests, key=lambda each: each.time):
        # Answers of before this request, in their order.
        if request.kind == "directory":  # a helper that has just started
            until = {key: wait for key, wait in until.items() if not wait[2]}
        told = until.get(subject(request))
        known = told and told[1].answered + (ON_ITS_WAY if request.kind == "new-nonce" else 0)
        if told and known <= request.time < told[0] - SLACK:
            found.append(f"{told[0] - request.time:.2f} s too early: {request}\n  told by: {told[1]}")
        seconds = wait_of(request)
        if seconds is None:
            continue
        poll = request.status < 300
        wait = (request.answered + seconds, request, poll and seconds <= SHORT)
        subjects = {subject(request)}
        if poll and request.kind in ("challenge", "finalize"):
            subjects = {(order_of(request), "")}  # what is looked at next
        for each in subjects:
            until[each] = max(until.get(each, wait), wait, key=lambda item: item[0])
    return found


def wait_of(request):
    """The seconds that its answer named, or None."""
    if request.retry_after is None or request.answered is None or not request.whole:
        return None
    if request.retry_after.isdigit():
        return min(int(request.retry_after), 86400)
    if request.date is None:
        return None
    dates = [email.utils.parsedate_to_datetime(text) for text in (request.retry_after, request.date)]
    return min(max((dates[0] - dates[1]).total_seconds(), 0), 86400)


def subject(request):
    """Requests of one subject must not follow upon each other too early."""
    if request.kind == "new-order":
        return request.path, json.dumps((request.payload or {}).get("identifiers"))
    if request.kind in ("directory", "new-nonce", "new-account", "renewal-info"):
        return request.path, ""
    return request.path, json.dumps(request.payload) if request.payload else ""


# The form of requests: the numbered rules are those of the field guide's section 3.

def ill_formed(requests):
    found, nonces = [], set()
    for request in requests:
        for fault in faults_of(request):
            found.append(f"{fault}: {request}")
        nonce = (request.protected or {}).get("nonce")
        if nonce in nonces:  # rule 1
            found.append(f"a nonce was used twice: {request}")
        # One that the CA may not have seen may be sent again.
        if nonce and request.status is not None:
            nonces.add(nonce)
    return found


def faults_of(request):
    if "user-agent" not in request.headers:
        yield "no User-Agent (rule 3)"
    if request.method != "POST":
        if request.kind not in ("directory", "new-nonce", "renewal-info") and request.status == 200:
            yield "fetched without a signature (rule 2)"
        return
    if request.headers.get("content-type") != "application/jose+json":
        yield "not application/jose+json (rule 3)"
    protected = request.protected
    if not isinstance(protected, dict) or set(json.loads(request.body)) != {
            "protected", "payload", "signature"}:
        yield "no flattened JWS (rule 3)"
        return
    if ("kid" in protected) == ("jwk" in protected):
        yield "kid or jwk, one of them (rule 3)"
    if "jwk" in protected and request.kind not in ("new-account", "revoke"):
        yield "a key instead of the account (rule 3)"
    if protected.get("url") != f"https://{request.headers['host']}{request.path}":
        yield "another url is signed (rule 3)"
    if not BASE64URL.fullmatch(protected.get("nonce", "")):
        yield "no nonce (rule 1)"
    yield from faults_of_payload(request, request.payload)


def faults_of_payload(request, payload):
    if request.kind in ("order", "certificate") and payload != "":
        yield "POST-as-GET has an empty payload (rule 2)"
    if request.kind == "challenge" and payload not in ("", {}):
        yield "a challenge is started with {} (rule 2)"
    if request.kind == "authorization" and payload not in ("", {"status": "deactivated"}):
        yield "an authorization is fetched or deactivated (rules 2, 17)"
    if request.kind == "new-order" and not set(payload) <= {"identifiers", "profile", "replaces"}:
        yield "more than any CA understands (rule 20)"
    if request.kind == "finalize" and not BASE64URL.fullmatch(payload.get("csr", "")):
        yield "a CSR that is not base64url without padding (rule 12)"
