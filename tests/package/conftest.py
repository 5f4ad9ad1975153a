"""The packages as a user has them: built (this version and one before), installed with apt into a
clean root of Debian. See ../README.md."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(REPOSITORY / "tests" / "e2e")]

from debian_root import Root  # noqa: E402
from servers import SERVERS  # noqa: E402
from lib.authority import Authority  # noqa: E402
from lib.dns import Dns  # noqa: E402
from lib.pebble import Pebble, program  # noqa: E402
from lib.workspace import make_folder  # noqa: E402

BEFORE = "0.1.0-0~before"


@pytest.fixture(scope="session")
def packages():
    """A folder with the packages: of this version in `now`, of one before it in `before`.
    ACME_PACKAGES names such a folder that is there already."""
    given = os.environ.get("ACME_PACKAGES")
    folder = Path(given) if given else REPOSITORY / "build" / "package"
    if not given:
        for name, options in (("before", ["--version", BEFORE]), ("now", [])):
            for old in (folder / name).glob("*.deb"):
                old.unlink()
            subprocess.run([REPOSITORY / "scripts" / "package", *options, folder / name], check=True)
    return folder


@pytest.fixture(scope="session")
def version(packages):
    return next((packages / "now").glob("acmecore_*.deb")).name.split("_")[1]


@pytest.fixture
def root(request, packages):
    marker = request.node.get_closest_marker("init")
    made = Root(packages, marker.args[0] if marker else "systemd")
    yield made
    made.destroy()


@pytest.fixture(params=sorted(SERVERS))
def server(request, root):
    return SERVERS[request.param](root)


@pytest.fixture
def pebble(root, server):
    """On the loopback of the root, with the ports that a CA uses."""
    folder = make_folder("package-ca")
    with root.network():
        dns = Dns(program() + "-challtestsrv", folder).start()
        made = Pebble(folder, Authority(folder / "authority"), dns, 80, 443).start()
    yield made
    print(made.logs()["pebble"][-3000:])
    made.stop()
    dns.stop()
