"""What was measured, on the terminal and in docs/benchmarks.md.

Results are kept in the build tree, one file for each measurement, so that a run of some of them
leaves the others in the document. Text that a person wrote stands outside of the marks."""

import datetime
import json
import os
import platform
import re
import subprocess
from dataclasses import dataclass, field

from lib import httpd, nginx, pebble
from lib.workspace import build_dir

from . import peers
from .figure import Figure, spread

BEGIN = "<!-- from here on: written by tests/bench/run -->"
END = "<!-- until here -->"


@dataclass
class Result:
    """One measurement: its figures, and how busy the machine was."""

    name: str
    title: str
    about: str
    quick: bool
    figures: list = field(default_factory=list)
    errors: list = field(default_factory=list)  # of the parts that failed
    began: str = field(default_factory=lambda: f"{datetime.datetime.now():%Y-%m-%d %H:%M}")
    load: list = field(default_factory=lambda: [os.getloadavg()[0]])

    def finish(self):
        self.load.append(os.getloadavg()[0])

    def to_json(self):
        return {**vars(self), "figures": [figure.to_json() for figure in self.figures]}

    @classmethod
    def from_json(cls, data):
        return cls(**{**data, "figures": [Figure.from_json(one) for one in data["figures"]]})


# The terminal.


def number(value):
    for least, digits in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}"


def ratio(value):
    return f"{value:.3f}" if value < 10 else f"{value:,.1f}"


def rows(figure):
    """(label, minimum, median, maximum) of each case."""
    for case, values in figure.series.items():
        if values:
            label = f"{case} ({figure.unit})" if figure.unit else case
            yield label, *map(number, spread(values))


def ratio_rows(figure):
    """The same of the ratios of ours to the other cases; and of what is the same thing twice."""
    for case, values in figure.series.items():
        if case == figure.ours or not values:
            continue
        if case.endswith(" again"):
            once = case.removesuffix(" again")
            yield f"A/A: {case} / {once}", *map(ratio, spread(figure.ratios(case, once)))
        elif figure.series.get(figure.ours):
            yield f"ours / {case}", *map(ratio, spread(figure.ratios(figure.ours, case)))


def verdict(figure):
    return {None: "", True: "reached", False: "NOT reached"}[figure.reached()]


def show(figure):
    rounds = max(map(len, figure.series.values()), default=0)
    print(f"\n{figure.name}, {rounds} round{'s' if rounds != 1 else ''}")
    for label, *values in [*rows(figure), *ratio_rows(figure)]:
        print(f"  {label:48} " + " ".join(f"{value:>10}" for value in values))
    if figure.targets:
        print(f"  target {'; '.join(map(str, figure.targets))}: {verdict(figure)}")
    if figure.note:
        print(f"  {figure.note}", flush=True)


def summary(results):
    print(f"\n{'ratios':92} {'minimum':>9} {'median':>9} {'maximum':>9}")
    for result in results:
        for figure in result.figures:
            for label, *values in ratio_rows(figure):
                print(f"{figure.name + '; ' + label:92} "
                      + " ".join(f"{value:>9}" for value in values))


# What is kept.


def _kept(name):
    return build_dir() / "bench" / f"{name}.json"


def keep(result):
    _kept(result.name).parent.mkdir(exist_ok=True)
    _kept(result.name).write_text(json.dumps(result.to_json(), indent=1))


# The document.


def write(path, measurements):
    results = [Result.from_json(json.loads(_kept(name).read_text()))
               for name in measurements if _kept(name).exists()]
    text = path.read_text() if path.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(before + "\n".join([BEGIN, *_document(results), END]) + after)


def _document(results):
    yield from ("", f"Machine: {machine()}. {versions()}.", "")
    yield from ("| figure | compared with: median (minimum to maximum) | ours | ours / compared, median "
                "| target | reached |", "|---|---|---|---|---|---|")
    for result in results:
        for figure in result.figures:
            if figure.series.get(figure.ours):
                yield _line(figure)
    for result in results:
        yield from ("", f"## {result.title}", "", result.about, "")
        yield (f"{result.began}, load average {result.load[0]:.1f} at the beginning and "
               f"{result.load[-1]:.1f} at the end" + (", with `--quick`." if result.quick else "."))
        for error in result.errors:
            yield from ("", "A part of it failed: `" + error.strip().splitlines()[-1][:200] + "`")
        for figure in result.figures:
            yield from ("", f"**{figure.name}**, {max(map(len, figure.series.values()))} rounds. "
                        + figure.note, "", "| | minimum | median | maximum |", "|---|---|---|---|")
            for row in [*rows(figure), *ratio_rows(figure)]:
                yield f"| {' | '.join(row)} |"
    yield ""


def _line(figure):
    def told(case):
        low, middle, high = spread(figure.series[case])
        return f"{number(middle)} ({number(low)} to {number(high)})"
    others = [case for case in figure.series if case != figure.ours and figure.series[case]]
    ratios = [ratio(spread(figure.ratios(figure.ours, case))[1]) for case in others]
    reached = {None: "–", True: "yes", False: "**no**"}[figure.reached()]
    return "| " + " | ".join([
        figure.name + (f" ({figure.unit})" if figure.unit else ""),
        "<br>".join(f"{case}: {told(case)}" for case in others) or "–", told(figure.ours),
        "<br>".join(ratios) or "–", "; ".join(map(str, figure.targets)) or "–", reached]) + " |"


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), "
            f"{gigabytes:.0f} GiB, Linux {platform.release()}")


def versions():
    def of(pattern, *command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = re.search(pattern, done.stdout)
        return found.group(1) if found else "?"
    # Debian's Pebble calls itself "dev"; its folder knows.
    test_ca = re.search(r"/pebble-([\d.]+)/", pebble.program())
    return ", ".join([
        "nginx " + of(r"nginx/(\S+)", nginx.PROGRAM, "-v"),
        "httpd " + of(r"Apache/(\S+)", httpd.PROGRAM, "-v"),
        "OpenSSL " + of(r"OpenSSL (\S+)", "openssl", "version"),
        "Pebble " + (test_ca.group(1) if test_ca else "of " + pebble.program()),
        *(f"{name} {peers.version(name)}" for name in ("caddy", "lego") if peers.version(name))])
