"""What the fault proxy may do to a request instead of forwarding it, one class each.

An action is asked twice: `before` the request is forwarded and `after` the answer is
there. Each returns None (go on), or an Answer to send, or raises Drop.
"""

import asyncio
import email.utils
import json
import time
from dataclasses import dataclass, field


class Drop(Exception):
    """The connection is closed without an answer."""


@dataclass
class Answer:
    status: int
    headers: list = field(default_factory=list)  # (name, value)
    body: bytes = b""
    send: int | None = None  # only so many bytes of the body, then the connection is closed
    stream: object = None  # an asynchronous generator of bytes, instead of the body

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def set_header(self, name, value):
        self.headers = [each for each in self.headers if each[0].lower() != name.lower()]
        self.headers.append((name, str(value)))

    @property
    def whole(self):
        return self.send is None and self.stream is None


class Action:
    async def before(self, request):
        return None

    async def after(self, request, answer):
        return None


class drop(Action):
    """The request never reaches the CA."""

    async def before(self, request):
        raise Drop


class lose_answer(Action):
    """The CA acts, and the client never hears of it."""

    async def after(self, request, answer):
        raise Drop


class hold_answer(Action):
    """The CA acts, and its answer does not come."""

    async def after(self, request, answer):
        await asyncio.sleep(3600)


class delay(Action):
    def __init__(self, seconds):
        self.seconds = seconds

    async def before(self, request):
        await asyncio.sleep(self.seconds)


class hang(delay):
    """Accepted, never answered."""

    def __init__(self):
        super().__init__(3600)


class answer(Action):
    """An answer of the proxy's own. A dict as body is a problem document. Retry-After in
    seconds, with `as_date` written as a date."""

    def __init__(self, status, body=b"", *, retry_after=None, as_date=False, headers=None):
        self.status = status
        self.body = body
        self.headers = list((headers or {}).items())
        self.retry_after, self.as_date = retry_after, as_date

    async def before(self, request):
        headers, body = [("Date", http_date()), *self.headers], self.body
        if self.retry_after is not None:
            later = http_date(self.retry_after) if self.as_date else str(self.retry_after)
            headers.append(("Retry-After", later))
        if isinstance(body, dict):
            body = json.dumps({"status": self.status, **body}).encode()
            headers.append(("Content-Type", "application/problem+json"))
        return Answer(self.status, headers, body.encode() if isinstance(body, str) else body)


class truncate(Action):
    """The CA's answer with its full Content-Length, cut off after some bytes."""

    def __init__(self, size):
        self.size = size

    async def after(self, request, answer):
        return Answer(answer.status, answer.headers, answer.body, send=self.size)


class rewrite(Action):
    """The CA's answer, changed by a function of it: function(answer) changes it in place."""

    def __init__(self, function):
        self.function = function

    async def after(self, request, answer):
        self.function(answer)
        return answer


class processing(Action):
    """The order is being issued, and will be for long."""

    def __init__(self, retry_after, as_date=False):
        self.retry_after, self.as_date = retry_after, as_date

    async def after(self, request, answer):
        if answer.status != 200:
            return answer
        order = json.loads(answer.body)
        order["status"] = "processing"
        order.pop("certificate", None)
        answer.body = json.dumps(order).encode()
        answer.set_header("Date", http_date())
        answer.set_header("Retry-After",
                          http_date(self.retry_after) if self.as_date else self.retry_after)
        return answer


class shift_date(Action):
    """The CA's clock is so many seconds ahead."""

    def __init__(self, seconds):
        self.seconds = seconds

    async def after(self, request, answer):
        answer.set_header("Date", http_date(self.seconds))
        return answer


class redirect(answer):
    def __init__(self, location, status=302):
        super().__init__(status, headers={"Location": location})


class endless(Action):
    """An answer that never ends, as fast as it is taken."""

    async def before(self, request):
        async def bytes_without_end():
            while True:
                yield b"x" * 65536
        return Answer(200, [("Content-Type", "application/json")], stream=bytes_without_end())


class drip(Action):
    """The CA's answer, byte after byte (slow loris)."""

    def __init__(self, pause=1.0):
        self.pause = pause

    async def after(self, request, answer):
        async def byte_by_byte(body=answer.body):
            for byte in body:
                yield bytes([byte])
                await asyncio.sleep(self.pause)
        answer.stream = byte_by_byte()
        return answer


class call(Action):
    """Runs a function before the request goes on: for a kill at an exact moment."""

    def __init__(self, function):
        self.function = function

    async def before(self, request):
        await asyncio.get_running_loop().run_in_executor(None, self.function)


def http_date(ahead=0):
    return email.utils.formatdate(time.time() + ahead, usegmt=True)


def problem(kind, detail, **more):
    return {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail, **more}


def subproblem(kind, name, detail):
    """Of one identifier, for problem(…, subproblems=[…])."""
    return problem(kind, detail, identifier={"type": "dns", "value": name})


# What CAs say at certain moments.

def not_ready():
    return answer(403, problem("orderNotReady", "the order's status is pending"))


def already_replaced():
    return answer(409, problem("alreadyReplaced", "the certificate has been replaced already"))


def no_account():
    return answer(400, problem("accountDoesNotExist", "no account is known by this URL"))


def agree(url):
    return answer(403, problem("userActionRequired", "the terms of service have changed",
                               instance=url))


def slow_down(seconds, as_date=False):
    return answer(429, problem("rateLimited", "too many requests"), retry_after=seconds,
                  as_date=as_date)


def busy(seconds, as_date=False):
    return answer(503, problem("serverInternal", "busy"), retry_after=seconds, as_date=as_date)
