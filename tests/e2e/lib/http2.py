"""A client for HTTP/2."""

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded

from . import client


class Http2:
    """One HTTP/2 connection, one request at a time."""

    def __init__(self, port, name, trust):
        self._socket = client.connect(port, name, using=client.context(trust, alpn=["h2"]))
        assert self._socket.selected_alpn_protocol() == "h2"
        self._h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()
        self._socket.sendall(self._h2.data_to_send())

    def get(self, host, path="/"):
        """(status, body)"""
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, [(":method", "GET"), (":scheme", "https"),
                                       (":authority", host), (":path", path)], end_stream=True)
        self._socket.sendall(self._h2.data_to_send())
        status, body = None, b""
        while True:
            data = self._socket.recv(65536)
            assert data, "the server has closed the connection"
            for event in self._h2.receive_data(data):
                if isinstance(event, ResponseReceived):
                    status = int(dict(event.headers)[":status"])
                if isinstance(event, DataReceived):
                    body += event.data
                    # Or the server stops after 64 KiB of all answers together.
                    self._h2.acknowledge_received_data(event.flow_controlled_length, stream)
                if isinstance(event, StreamEnded):
                    return status, body.decode()
            self._socket.sendall(self._h2.data_to_send())

    def close(self):
        self._socket.close()
