"""A figure: what was measured in alternation, and what it must reach."""

import statistics
import time
from dataclasses import asdict, dataclass, field

LONG = 10  # seconds; a case that takes longer says that it is done


@dataclass
class Target:
    """At most `limit`, in the figure's unit; with `of`: that many times this case's value.
    `or_spread`: or within the spread of these two cases, which are the same thing twice."""

    limit: float
    of: str | None = None
    or_spread: tuple | None = None

    def __str__(self):
        text = f"≤ {self.limit:g}" + (f" × {self.of}" if self.of else "")
        return text + (", or within the A/A spread" if self.or_spread else "")


@dataclass
class Figure:
    """series: {case: [its value in each round]}. The values of one round belong together: a
    ratio is made in each round, and its median is what counts."""

    name: str
    unit: str
    series: dict
    targets: list = field(default_factory=list)
    ours: str = "ours"
    note: str = ""

    def ratios(self, case, to):
        return [mine / other for mine, other in zip(self.series[case], self.series[to]) if other]

    def reached(self):
        """True or False; None: there is no target, or what it compares with is missing."""
        if not self.targets or not self.series.get(self.ours):
            return None
        told = [self._reached(target) for target in self.targets]
        return False if False in told else None if None in told else True

    def _reached(self, target):
        if target.of is None:
            return statistics.median(self.series[self.ours]) <= target.limit
        if not self.series.get(target.of):
            return None
        ratio = statistics.median(self.ratios(self.ours, target.of))
        if ratio <= target.limit:
            return True
        if target.or_spread:
            one, other = target.or_spread
            return ratio <= max(self.ratios(one, other) + self.ratios(other, one))
        return False

    def to_json(self):
        return asdict(self)

    @classmethod
    def from_json(cls, data):
        targets = [Target(**target) for target in data.pop("targets")]
        return cls(targets=targets, **data)


def spread(values):
    """(minimum, median, maximum)"""
    return min(values), statistics.median(values), max(values)


def alternate(cases, rounds, limit, once=(), log=None):
    """{case: its values} of functions that measure one value each, called in turn: A B C, C B A, …
    Cases of `once` are in the first round only: they take minutes. A round is not begun when it would probably end after `limit` seconds; the first one always is."""
    series = {case: [] for case in cases}
    began = time.monotonic()
    for number in range(rounds):
        if number and (time.monotonic() - began) * (number + 1) / number > limit:
            break
        order = [case for case in cases if number == 0 or case not in once]
        if number % 2:
            order.reverse()
        for case in order:
            before = time.monotonic()
            series[case].append(cases[case]())
            if log and time.monotonic() - before > LONG:
                log(f"{case}: {time.monotonic() - before:.0f} s")
    return series
