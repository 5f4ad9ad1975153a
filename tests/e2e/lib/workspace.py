"""Where a test keeps its files, and the programs it runs."""

import functools
import os
import shutil
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def build_dir():
    return Path(os.environ.get("ACME_BUILD_DIR", REPOSITORY / "build" / "dev")).resolve()


def make_folder(label):
    """A new folder that workers may enter and whose parents nobody else can write:
    the store refuses to live below a folder such as /tmp."""
    default = "/var/lib" if os.getuid() == 0 else Path.home() / ".cache"
    parent = Path(os.environ.get("ACME_TEST_DIR", default))
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"acmecore-{label}-", dir=parent))
    folder.chmod(0o755)
    return folder


@functools.cache  # a search of thousands of files, some for each test
def built(name):
    """A file of the build tree, by its name."""
    for path in sorted(build_dir().rglob(name)):
        if path.is_file() and "CMakeFiles" not in path.parts:
            return path
    raise FileNotFoundError(f"{name} is not built below {build_dir()} (ACME_BUILD_DIR): "
                            "cmake --preset dev && cmake --build build/dev")


def install_programs(folder):
    """Copies the helper programs, so that a process of this very server is known by
    the path of its program, and the unprivileged user reaches them wherever the
    checkout lies."""
    folder.mkdir()
    for name in ("acme-keeper", "acme-agent", "acmectl"):
        shutil.copy2(built(name), folder / name)
        (folder / name).chmod(0o755)
    return folder
