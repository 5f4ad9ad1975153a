"""The benchmarks (tests/bench) go on working: their smallest pieces, with the build under test. What
they measure here says nothing."""

import sys

import pytest

from lib.workspace import REPOSITORY

sys.path.append(str(REPOSITORY / "tests"))
from bench import bench_handshake, bench_start  # noqa: E402
from bench.lib import figure, mod_md, report  # noqa: E402
from bench.lib.bench import Bench  # noqa: E402
from bench.lib.figure import Figure, Target  # noqa: E402
from bench.lib.servers import QuietHttpd, QuietNginx, Store, Variants, names  # noqa: E402

COUNT = 3


@pytest.fixture
def store(folder):
    return Store(folder / "store", COUNT)


@pytest.fixture(params=[QuietNginx, QuietHttpd])
def variants(request, folder, store):
    made = Variants(folder, store, request.param)
    yield made
    made.destroy()


def test_each_way_to_serve_starts_reloads_and_ends(variants, store):
    name = names(COUNT)[-1]
    ways = [(variants.ours(COUNT), name), (variants.files(COUNT), name),
            (variants.plain(COUNT), None)]
    if isinstance(ways[0][0], QuietHttpd):
        ways += [(variants.one_host(COUNT, "one-host"), name), (mod_md.variant(variants, COUNT), name)]
        mod_md.fill(ways[-1][0], {name: store.files(name) for name in names(COUNT)})
    for server, name in ways:
        cost = bench_start.life(server, name)
        assert all(value > 0 for value in cost.values()), cost


def test_handshakes_are_full_and_of_the_stored_certificate(variants, store):
    server = variants.ours(COUNT)
    bench_start.start(server, names(COUNT)[0])
    assert bench_handshake.one(server, 20) > 0
    shown = server.handshake(names(COUNT)[1])
    assert shown.der in _der(store.files(names(COUNT)[1])[0])


def _der(path):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    return [x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)]


def test_cases_alternate_and_ratios_are_made_in_each_round(folder):
    order = []
    cases = {case: lambda case=case: order.append(case) or len(order) for case in "AB"}
    assert Bench(folder).alternate(cases, 2) == {"A": [1, 4], "B": [2, 3]}
    assert order == ["A", "B", "B", "A"]
    order.clear()
    assert figure.alternate(cases, 3, limit=60, once=("B",)) == {"A": [1, 3, 4], "B": [2]}
    assert figure.alternate(cases, 3, limit=0)["A"] == [5]


@pytest.mark.parametrize("target, reached", [
    (Target(2), True), (Target(1.9), False), (Target(0.5, of="other"), True),
    (Target(0.4, of="other"), False), (Target(0.4, of="other", or_spread=("other", "other again")), True),
    (Target(1, of="missing"), None)])
def test_a_target_is_judged_by_medians(target, reached):
    made = Figure("a figure", "s", {"ours": [1, 2, 9], "other": [2, 4, 18], "other again": [4, 8, 6],
                                    "missing": []}, [target])
    assert made.reached() is reached
    assert report.rows(made) and "| a figure" in report._line(Figure.from_json(made.to_json()))
