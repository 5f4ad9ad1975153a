"""A client that connects all the time and remembers every handshake that was not
perfect: refused, broken, untrusted, expired, for another name."""

import threading
import time
from dataclasses import dataclass, field

from . import client


@dataclass
class Record:
    handshakes: int = 0
    serials: list = field(default_factory=list)  # in the order first seen
    failures: list = field(default_factory=list)  # (seconds since the start, error)


class StrictClient:
    """with StrictClient(port, name, [root, …]) as strict: …; strict.check()"""

    def __init__(self, port, name, trust, *, pause=0.01):
        self.port, self.name, self.pause = port, name, pause
        self._context = client.context("".join([trust] if isinstance(trust, str) else trust))
        self._record = Record()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def handshakes(self):
        return self._record.handshakes

    @property
    def serials(self):
        return list(self._record.serials)

    @property
    def failures(self):
        return list(self._record.failures)

    def start(self):
        self._started = time.monotonic()
        self._thread.start()
        return self

    def stop(self):
        self._end.set()
        self._thread.join(client.TIMEOUT + 5)

    def check(self, at_least=1):
        """Fails unless all handshakes so far were good, and there were enough of them."""
        assert not self.failures, f"{len(self.failures)} of {self.handshakes}: {self.failures[:5]}"
        assert self.handshakes >= at_least, f"only {self.handshakes} handshakes"

    def _run(self):
        record = self._record
        while not self._end.is_set():
            try:
                certificate = client.handshake(self.port, self.name, using=self._context)
                if certificate.serial not in record.serials:
                    record.serials.append(certificate.serial)
            except OSError as error:  # ssl.SSLError is one
                record.failures.append((round(time.monotonic() - self._started, 2), repr(error)))
            record.handshakes += 1
            self._end.wait(self.pause)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
