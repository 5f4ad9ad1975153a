"""Requests one after the other, each on a connection of its own, from a thread."""

import threading
import time

from lib.client import https_get


class Traffic:
    def __init__(self, name, trust):
        self._name, self._trust = name, trust
        self.answered, self.failures = 0, []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.is_set():
            began = time.monotonic()
            try:
                answer = https_get(443, self._name, trust=self._trust)
                assert answer.status in (200, 403, 404), answer
                self.answered += 1
            except Exception as error:  # whatever it is, a visitor had no answer
                self.failures.append((began, repr(error)))
                time.sleep(0.01)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        gap = self.failures[-1][0] - self.failures[0][0] if self.failures else 0
        print(f"traffic: {self.answered} answered, {len(self.failures)} not, within {gap:.1f} s; "
              f"{sorted({what for _, what in self.failures})}")
