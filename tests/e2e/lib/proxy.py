"""An HTTPS proxy in front of Pebble that records every request and misbehaves by rule.

HTTP/1.1 with keep-alive. The Host header is passed on, and Pebble builds its URLs
from it, so that a client that starts here stays here.
"""

import asyncio
import base64
import fnmatch
import json
import ssl
import urllib.parse
import time
from dataclasses import dataclass, field

from . import conduct, faults
from .eventloop import EventLoop
from .ports import free_port

# Pebble's paths, by what they are.
KINDS = (("/dir", "directory"), ("/nonce-plz", "new-nonce"), ("/sign-me-up", "new-account"),
         ("/order-plz", "new-order"), ("/my-order/", "order"), ("/authZ/", "authorization"),
         ("/chalZ/", "challenge"), ("/finalize-order/", "finalize"), ("/certZ/", "certificate"),
         ("/revoke-cert", "revoke"), ("/rollover-account-key", "key-change"),
         ("/my-account/", "account"))


def kind_of(path):
    if "renewal" in path:
        return "renewal-info"
    return next((kind for prefix, kind in KINDS if path.startswith(prefix)), path)


@dataclass
class Request:
    time: float  # seconds since the proxy's start
    connection: int
    method: str
    path: str
    headers: dict
    body: bytes = b""
    status: int | None = None  # what was answered; None: nothing
    retry_after: str | None = None
    date: str | None = None  # of the answer
    whole: bool = True  # the answer was sent to its end
    answer: bytes = b""
    answered: float | None = None
    kind: str = field(init=False)

    def __post_init__(self):
        self.kind = kind_of(self.path)

    @property
    def protected(self):
        """The decoded protected header of the JWS, or None."""
        return self._part("protected")

    @property
    def payload(self):
        """The decoded payload: a dict, "" for POST-as-GET, None without JWS."""
        return self._part("payload")

    def _part(self, name):
        try:
            text = json.loads(self.body)[name]
            return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) if text else ""
        except (ValueError, KeyError, TypeError):
            return None

    def __str__(self):
        return (f"{self.time:8.3f} #{self.connection} {self.method} {self.path} ({self.kind}) "
                f"-> {self.status} Retry-After={self.retry_after}")


@dataclass
class Rule:
    kind: str
    action: faults.Action
    times: int | None
    skip: int
    of: str | None = None
    used: int = 0

    def applies(self, request, names):
        if self.kind not in ("*", request.kind) and not fnmatch.fnmatch(request.path, self.kind):
            return False
        if self.times is not None and self.used >= self.times:
            return False
        if self.of is not None and self.of not in names:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.used += 1
        return True


class FaultProxy:
    def __init__(self, upstream_port, authority):
        self.port = free_port()
        self.requests = []
        self.judges = True
        self._authority = authority
        self._upstream_port = upstream_port
        self._rules = []
        self._orders = {}  # path of anything of an order: (the order's path, its names)
        self._loop = EventLoop()
        self._server = None
        self._writers = set()
        self._connections = 0
        self._started = time.monotonic()
        certificate, key = authority.issue("localhost", "127.0.0.1")
        self._server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server_context.load_cert_chain(certificate, key)
        self._server_context.set_alpn_protocols(["http/1.1"])
        self._client_context = ssl.create_default_context(cafile=str(authority.root))

    def start(self):
        self._loop.start()
        self.accept()
        return self

    def stop(self):
        self.refuse()
        self._loop.stop()

    def logs(self):
        return {"requests to the CA": "\n".join(str(request) for request in self.requests)}

    def issuer(self, pebble, name="pebble", **settings):
        """The issuer block of this Pebble, by way of the proxy."""
        issuer = pebble.issuer(name, **settings)
        issuer.directory = f"https://localhost:{self.port}/dir"
        return issuer

    # Faults.

    def rule(self, kind, action, *, times=None, skip=0, of=None):
        """Requests of this kind ("*": all), or to paths of this pattern ("/dir?*"), get this
        action from faults.py: the first `skip` not, then `times` (None: all). `of`: only those
        of orders with this name. The first rule that applies counts."""
        self._rules.append(Rule(kind, action, times, skip, of))

    def clear(self):
        self._rules.clear()

    def refuse(self):
        """The CA's port is closed: open connections are reset and new ones refused."""
        self._loop.run(self._close())

    def accept(self):
        self._loop.run(self._open())

    # What was asked.

    def of_kind(self, kind):
        """Without those whose nonce Pebble did not like: it refuses one in twenty, at random."""
        return [request for request in list(self.requests)
                if request.kind == kind and b":badNonce" not in request.answer]

    def names_of(self, request):
        """The names of the order that a request belongs to."""
        if request.kind == "new-order":
            return [each["value"] for each in (request.payload or {}).get("identifiers", [])]
        return self._orders.get(request.path, (None, []))[1]

    def order_of(self, request):
        """The path of the order that a request belongs to, or None."""
        return self._orders.get(request.path, (None, []))[0]

    def complaints(self):
        """What a CA might say of our conduct: nothing, whatever it did itself."""
        return conduct.complaints(list(self.requests), self.order_of) if self.judges else []

    def orders(self):
        """The sorted names of each order that the CA made."""
        return [sorted(identifier["value"] for identifier in request.payload["identifiers"])
                for request in self.of_kind("new-order") if request.status == 201]

    def tokens(self, kind="http-01"):
        """The tokens of the authorizations that the CA has shown, for challenges of this type."""
        return [challenge["token"] for challenge in self._challenges() if challenge["type"] == kind]

    def started(self):
        """The types of the challenges that were started, in their order."""
        types = {challenge["url"].rsplit("/", 1)[1]: challenge["type"]
                 for challenge in self._challenges()}
        return [types[request.path.rsplit("/", 1)[1]] for request in self.of_kind("challenge")
                if request.payload == {} and request.status == 200]

    def _challenges(self):
        for request in self.of_kind("authorization"):
            if request.status == 200:
                yield from json.loads(request.answer)["challenges"]

    # The proxy itself.

    async def _open(self):
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port,
                                                      ssl=self._server_context)

    async def _close(self):
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connected(self, reader, writer):
        self._connections += 1
        number = self._connections
        self._writers.add(writer)
        upstream = Upstream(self._upstream_port, self._client_context)
        try:
            while request := await self._read(reader, number):
                self.requests.append(request)
                answer = await self._answer(request, upstream)
                request.status, request.answer = answer.status, answer.body
                request.retry_after, request.date = answer.header("retry-after"), answer.header("date")
                request.whole = answer.whole
                self._learn(request, answer)
                await send(writer, answer, head=request.method == "HEAD")
                request.answered = time.monotonic() - self._started
                if not answer.whole:
                    break
        except (OSError, asyncio.IncompleteReadError, faults.Drop, ValueError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            upstream.close()

    async def _read(self, reader, number):
        first, headers, body = await read_message(reader)
        if first is None:
            return None
        method, path, _ = first.split(" ", 2)
        return Request(time.monotonic() - self._started, number, method, path,
                       {name.lower(): value for name, value in headers}, body)

    async def _answer(self, request, upstream):
        names = self.names_of(request)
        rule = next((rule for rule in list(self._rules) if rule.applies(request, names)), None)
        action = rule.action if rule else faults.Action()
        answer = await action.before(request)
        if answer is not None:
            return answer
        answer = await upstream.forward(request)
        self._learn(request, answer)
        if rule and b":badNonce" in answer.body:  # it comes again, and the rule is for that
            rule.used -= 1
            return answer
        return await action.after(request, answer) or answer

    def _learn(self, request, answer):
        """Which paths belong to which order."""
        if request.kind == "new-order":
            location = answer.header("location")
            order = (path_of(location), self.names_of(request)) if location else None
        else:
            order = self._orders.get(request.path)
        if order is None or not 200 <= answer.status < 300:
            return
        self._orders[order[0]] = order
        try:
            document = json.loads(answer.body)
        except ValueError:
            return
        urls = [document.get("finalize"), document.get("certificate"),
                *document.get("authorizations", []),
                *(challenge.get("url") for challenge in document.get("challenges", []))]
        self._orders.update((path_of(url), order) for url in urls if url)


class Upstream:
    """The proxy's own connection to Pebble, one for each client connection."""

    def __init__(self, port, context):
        self._port, self._context = port, context
        self._reader = self._writer = None

    async def forward(self, request):
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self._port, ssl=self._context, server_hostname="localhost")
        headers = {**request.headers, "content-length": str(len(request.body))}
        headers.pop("transfer-encoding", None)
        head = [f"{request.method} {request.path} HTTP/1.1"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join(head + ["", ""]).encode() + request.body)
        first, headers, body = await read_message(self._reader, answer_to=request.method)
        if first is None:
            raise OSError("the CA closed the connection")
        return faults.Answer(int(first.split(" ")[1]), headers, body)

    def close(self):
        if self._writer is not None:
            self._writer.close()


def path_of(url):
    return urllib.parse.urlsplit(url).path


async def read_message(reader, answer_to=None):
    """(first line, headers, body) of a request or, with answer_to, of an answer."""
    first = (await reader.readline()).decode("latin-1").rstrip("\r\n")
    if not first:
        return None, [], b""
    headers = []
    while line := (await reader.readline()).decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip()))
    named = {name.lower(): value for name, value in headers}
    if answer_to == "HEAD" or (answer_to and first.split(" ")[1] in ("204", "304")):
        return first, headers, b""
    if named.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        while (await reader.readline()).strip():
            pass  # trailers
        return first, headers, body
    return first, headers, await reader.readexactly(int(named.get("content-length", "0")))


async def send(writer, answer, head=False):
    dropped = ("content-length", "transfer-encoding", "connection")
    lines = [f"HTTP/1.1 {answer.status} Answer"]
    lines += [f"{name}: {value}" for name, value in answer.headers if name.lower() not in dropped]
    if answer.stream is not None:
        lines.append("Transfer-Encoding: chunked")
    elif not head and answer.status not in (204, 304):
        lines.append(f"Content-Length: {len(answer.body)}")
    writer.write("\r\n".join(lines + ["", ""]).encode())
    if answer.stream is not None:
        async for part in answer.stream:
            await asyncio.sleep(0)  # for the news that the client has gone
            if writer.is_closing():
                raise OSError("the client has gone")
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
    elif not head:
        writer.write(answer.body if answer.send is None else answer.body[:answer.send])
    await writer.drain()
