"""Fixtures of the end-to-end tests; the parts stand in lib/.

A test that needs a certificate asks for `server` and `pebble`, and says
    server.configure([Site("www.example.org")], [pebble.issuer()])
    server.start()
    certificate = server.wait_for_certificate("www.example.org", pebble)
A failing test prints the logs of all its parts. All processes end with the test.
"""

import os
import shutil
from dataclasses import dataclass

import pytest

from lib import process
from lib.authority import Authority
from lib.dns import Dns
from lib.httpd import Httpd
from lib.name_server import KINDS
from lib.nginx import Nginx
from lib.pebble import Pebble, program
from lib.ports import free_port
from lib.proxy import FaultProxy
from lib.relay import Relay
from lib.workspace import make_folder

SERVERS = {"httpd": Httpd, "nginx": Nginx}
# One server's own tests wait until that server is among them.
collect_ignore_glob = [] if "httpd" in SERVERS else ["test_httpd_*.py"]

process.become_reaper()


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="also run the tests that take minutes")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--soak"):
        dropped = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def pytest_generate_tests(metafunc):
    if "server_kind" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("servers")
        metafunc.parametrize("server_kind", marker.args if marker else sorted(SERVERS))


LINES = 150  # of each log, when a test has failed
PARTS = pytest.StashKey()
FOLDER = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for part in item.stash.get(PARTS, []):
            for title, text in part.logs().items():
                report.sections.append((title, "\n".join(text.splitlines()[-LINES:])))
    # Only now: a failure at the very end of a test shows its logs as well.
    if call.when == "teardown" and FOLDER in item.stash and not os.environ.get("ACME_TEST_KEEP"):
        shutil.rmtree(item.stash[FOLDER], ignore_errors=True)


@pytest.fixture
def watch(request):
    """watch(part): its logs() are printed if the test fails. Returns the part."""
    parts = request.node.stash.setdefault(PARTS, [])

    def add(part):
        parts.append(part)
        return part
    return add


@pytest.fixture
def folder(request):
    """The test's own folder, world-readable; every parent belongs to root alone. It is
    removed with the test, unless ACME_TEST_KEEP is set."""
    made = request.node.stash[FOLDER] = make_folder("test")
    return made


@dataclass
class Ports:
    http: int
    tls: int


@pytest.fixture
def ports():
    """The ports of the server, which Pebble validates at."""
    return Ports(free_port(), free_port())


@pytest.fixture
def authority(folder):
    """A CA beside Pebble: Pebble's own TLS, and operators' own certificates."""
    return Authority(folder / "authority")


@pytest.fixture
def dns(folder, watch):
    part = watch(Dns(program() + "-challtestsrv", folder))
    part.start()
    yield part
    part.stop()


@pytest.fixture
def make_name_server(folder, watch):
    """make_name_server("bind" | "knot", **options) -> one that is running."""
    made = []

    def make(kind, **options):
        made.append(watch(KINDS[kind](folder / f"{kind}{len(made)}", **options)))
        return made[-1].start()
    yield make
    for part in made:
        part.close()


@pytest.fixture
def make_pebble(folder, authority, dns, ports, watch):
    """make_pebble(label, **options) -> a running Pebble: for tests with several CAs."""
    made = []

    def make(label, **options):
        place = folder / label
        place.mkdir()
        http_port = options.pop("http_port", ports.http)
        tls_port = options.pop("tls_port", ports.tls)
        names = options.pop("dns", dns)
        made.append(watch(Pebble(place, authority, names, http_port, tls_port, **options)))
        return made[-1].start()
    yield make
    for part in made:
        part.stop()


@pytest.fixture
def pebble(request, make_pebble):
    """The test CA; options by @pytest.mark.pebble(validity=120, nonce_reject=0, …)."""
    marker = request.node.get_closest_marker("pebble")
    return make_pebble("pebble", **(marker.kwargs if marker else {}))


@pytest.fixture
def proxy(authority, pebble, watch):
    """The fault proxy in front of pebble; server.configure(…, [proxy.issuer(pebble)])."""
    part = watch(FaultProxy(pebble.port, authority)).start()
    yield part
    part.stop()
    complaints = part.complaints()
    assert not complaints, "what the CA may complain of:\n" + "\n".join(complaints[:20])


@pytest.fixture
def relay(pebble):
    """The TCP relay in front of pebble; server.configure(…, [relay.issuer(pebble)])."""
    part = Relay(pebble.port).start()
    yield part
    part.stop()


@pytest.fixture
def server(server_kind, folder, ports, watch):
    """The web server under test, not yet configured or started."""
    part = watch(SERVERS[server_kind](folder / server_kind, ports.http, ports.tls))
    yield part
    part.destroy()
    alarms = part.alarms()
    assert not alarms, "unexpected lines in the error log:\n" + "\n".join(alarms[:20])
