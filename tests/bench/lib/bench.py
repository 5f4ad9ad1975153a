"""What a measurement is told: its folder, how much, how often."""

import sys

from . import figure

LIMIT = 180  # seconds after which one comparison begins no further round


class Bench:
    def __init__(self, folder, quick=False, rounds=None):
        self.folder, self.quick, self._rounds = folder, quick, rounds

    def size(self, usual, quick):
        return quick if self.quick else usual

    def rounds(self, usual, quick):
        return self._rounds or self.size(usual, quick)

    def alternate(self, cases, rounds, once=()):
        return figure.alternate(cases, rounds, LIMIT / 3 if self.quick else LIMIT, once, self.log)

    @staticmethod
    def log(text):
        print(f"  … {text}", file=sys.stderr, flush=True)
