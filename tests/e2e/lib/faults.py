"""What the fault proxy may do to a request instead of forwarding it, one class each.

An action is asked twice: `before` the request is forwarded and `after` the answer is
there. Each returns None (go on), or an Answer to send, or raises Drop.
"""

import asyncio
import json
from dataclasses import dataclass, field


class Drop(Exception):
    """The connection is closed without an answer."""


@dataclass
class Answer:
    status: int
    headers: list = field(default_factory=list)  # (name, value)
    body: bytes = b""
    send: int | None = None  # only so many bytes of the body, then the connection is closed

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


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
    """An answer of the proxy's own. A dict as body is a problem document."""

    def __init__(self, status, body=b"", *, retry_after=None, headers=None):
        self.status = status
        self.body = body
        self.headers = list((headers or {}).items())
        if retry_after is not None:
            self.headers.append(("Retry-After", str(retry_after)))

    async def before(self, request):
        headers, body = list(self.headers), self.body
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


class call(Action):
    """Runs a function before the request goes on: for a kill at an exact moment."""

    def __init__(self, function):
        self.function = function

    async def before(self, request):
        await asyncio.get_running_loop().run_in_executor(None, self.function)


def problem(kind, detail, **more):
    return {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail, **more}
