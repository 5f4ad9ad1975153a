"""Rules that every file of the tree keeps."""

import re
import subprocess
from pathlib import Path

from tree import MODULES, REPOSITORY, built, files, sources

MOST_LINES = 600

# Package registries and their mirrors. Written in pieces: this file is of the tree too.
REGISTRIES = [".".join(parts) for parts in (
    ("deb", "debian", "org"), ("security", "debian", "org"), ("snapshot", "debian", "org"),
    ("ftp", "debian", "org"), ("archive", "ubuntu", "com"), ("pypi", "org"),
    ("pythonhosted", "org"), ("npmjs", "org"), ("crates", "io"), ("golang", "org"),
    ("docker", "io"), ("ghcr", "io"), ("quay", "io"), ("gcr", "io"), ("pkg", "dev"),
    ("rubygems", "org"), ("maven", "org"), ("conda", "io"))]


def name_of(path):
    return str(path.relative_to(REPOSITORY))


def text_files():
    for path in files():
        try:
            yield path, path.read_text()
        except UnicodeDecodeError:
            continue


def test_no_source_file_is_too_long_to_read():
    long = {name_of(path): lines for path in sources("acmecore", *MODULES)
            if (lines := len(path.read_text().splitlines())) > MOST_LINES}
    assert not long


def test_no_registry_host_is_named():
    pattern = re.compile("|".join(rf"\b{re.escape(host)}\b" for host in REGISTRIES))
    assert [name_of(path) for path, text in text_files() if pattern.search(text)] == []


def nginx_flags():
    """The include folders of the nginx sources that Debian's nginx-dev brings (configured in
    the build tree), as system headers: they are not ours to be strict with."""
    source = Path("/usr/share/nginx/src")
    folders = [built("ngx_auto_config.h").parent, *(source / "src" / part for part in (
        "core", "event", "event/modules", "os/unix", "http", "http/modules", "http/v2"))]
    return [flag for folder in folders for flag in ("-isystem", str(folder))]


def test_the_nginx_module_is_written_in_c11():
    own = sources("ngx_acme_module")
    assert own and not [path for path in own if path.suffix == ".cpp"]
    done = subprocess.run(["cc", "-std=c11", "-fsyntax-only", "-Wall", "-Werror", "-D_GNU_SOURCE",
                           "-I", REPOSITORY / "acmecore" / "include", *nginx_flags(),
                           *(path for path in own if path.suffix == ".c")],
                          text=True, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
