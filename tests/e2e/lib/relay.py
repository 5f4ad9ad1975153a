"""A TCP relay in front of the CA that can refuse: the CA is "down" and comes back
with all it knows. TLS and HTTP/2 pass through untouched."""

import asyncio

from .eventloop import EventLoop
from .ports import free_port


class Relay:
    def __init__(self, upstream_port):
        self.port = free_port()
        self.connections = 0  # accepted so far
        self._upstream_port = upstream_port
        self._loop = EventLoop()
        self._server = None
        self._writers = set()

    def start(self):
        self._loop.start()
        self.accept()
        return self

    def stop(self):
        self.refuse()
        self._loop.stop()

    def refuse(self):
        """Open connections are reset and new ones refused."""
        self._loop.run(self._close())

    def accept(self):
        self._loop.run(self._open())

    def issuer(self, pebble, name="pebble", **settings):
        """The issuer block of this Pebble, by way of the relay."""
        issuer = pebble.issuer(name, **settings)
        issuer.directory = f"https://localhost:{self.port}/dir"
        return issuer

    async def _open(self):
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _close(self):
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connected(self, reader, writer):
        self.connections += 1
        self._writers.add(writer)
        upstream_writer = None
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(
                "127.0.0.1", self._upstream_port)
            self._writers.add(upstream_writer)
            await asyncio.gather(self._copy(reader, upstream_writer),
                                 self._copy(upstream_reader, writer))
        except OSError:
            pass
        finally:
            for end in (writer, upstream_writer):
                if end is not None:
                    self._writers.discard(end)
                    end.close()

    @staticmethod
    async def _copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
