"""A connection that a server passes on to a backend for as long as it lives, as WebSocket
does: the backend, which sends everything back, and its client."""

import socket
import threading

from . import client

ACCEPTED = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\n\r\n")


class EchoBackend:
    """with EchoBackend() as backend: … backend.port"""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _serve(connection):
        with connection:
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += connection.recv(4096)
            connection.sendall(ACCEPTED)
            while data := connection.recv(4096):
                connection.sendall(data)


class Upgraded:
    """The client's end, over TLS."""

    def __init__(self, port, name, trust, path="/ws"):
        self._connection = client.connect(port, name, trust)
        self._connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {name}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = self._connection.recv(4096)
            assert data, f"closed after {answer!r}"
            answer += data
        assert answer.startswith(b"HTTP/1.1 101"), answer

    def echo(self, data):
        self._connection.sendall(data)
        back = b""
        while len(back) < len(data):
            more = self._connection.recv(4096)
            assert more, "the upgraded connection was closed"
            back += more
        assert back == data

    def close(self):
        self._connection.close()
