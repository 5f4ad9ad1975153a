"""The files of the checkout and of the build, for the tests of this folder."""

import os
import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = ("ngx_acme_module", "mod_acme_apache")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def files():
    """What is, or would be, committed."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout
    paths = [REPOSITORY / name for name in listed.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def sources(*folders):
    return [path for path in files() if path.suffix in (".c", ".cpp", ".h", ".def")
            and path.relative_to(REPOSITORY).parts[0] in folders]


def includes(path):
    """[(True for <…>, name)]"""
    return [(mark == "<", name) for mark, name in INCLUDE.findall(path.read_text())]


def built(name):
    folder = Path(os.environ.get("ACME_BUILD_DIR", REPOSITORY / "build" / "dev")).resolve()
    found = [path for path in sorted(folder.rglob(name)) if path.is_file()]
    assert found, f"{name} is not built below {folder} (ACME_BUILD_DIR)"
    return found[0]


def tool(*command):
    return subprocess.run([str(part) for part in command], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
