"""The Debian packages agree with the tree: versions, what is installed, what is needed to build."""

import re
import subprocess

from tree import REPOSITORY

DEBIAN = REPOSITORY / "packaging" / "debian"


def fields(text):
    """{field: value} of each paragraph of a control file."""
    return [dict(re.findall(r"^(\S+):[ \n]*((?:.*\n(?: .*\n)*))", paragraph + "\n", re.M))
            for paragraph in text.strip().split("\n\n")]


def names(value):
    return {re.split(r"[ (]", item.strip())[0] for item in value.split(",") if item.strip()}


CONTROL = fields((DEBIAN / "control").read_text())
PACKAGES = [paragraph["Package"].strip() for paragraph in CONTROL[1:]]


def test_the_changelog_has_the_version_of_the_project():
    project = re.search(r"^project\(acmecore VERSION (\S+)", (REPOSITORY / "CMakeLists.txt").read_text(), re.M)
    changelog = re.match(r"acmecore \((.+)-[^-]+\) ", (DEBIAN / "changelog").read_text())
    assert changelog[1] == project[1]


def test_what_is_built_with_is_what_the_scripts_install():
    needed = names(CONTROL[0]["Build-Depends"]) - {"debhelper-compat"}
    lists = dict(re.findall(r"^(\w+)=\((.*?)\)", (REPOSITORY / "scripts" / "deps").read_text(), re.M | re.S))
    assert needed <= set(lists["build"].split())
    libraries = {name for name in lists["build"].split() if name.endswith("-dev")}
    assert libraries <= needed


def test_every_installed_file_is_in_a_package():
    # What CMake installs, by the folders and names of its install commands.
    installed = set()
    for path in ("acmecore", "ngx_acme_module", "mod_acme_apache"):
        text = (REPOSITORY / path / "CMakeLists.txt").read_text()
        installed |= {word for _, word in re.findall(r"install\((\w+)[^)]*?DESTINATION\s+(\S+?)\)?\s*(?:\)|PERMISSIONS)", text)}
    places = {"${ACME_LIBEXEC}": "usr/libexec/acmecore", "${CMAKE_INSTALL_SBINDIR}": "usr/sbin/acmectl",
              "${CMAKE_INSTALL_DATADIR}/bash-completion/completions": "usr/share/bash-completion/completions",
              "${CMAKE_INSTALL_DATADIR}/zsh/site-functions": "usr/share/zsh/site-functions",
              "${CMAKE_INSTALL_MANDIR}/man${section}": "usr/share/man",
              "lib/acmecore/modules": "usr/lib/acmecore/modules",
              "${CMAKE_INSTALL_INCLUDEDIR}": "usr/include/acmecore"}
    assert installed == set(places)
    taken = "\n".join(path.read_text() for path in [*DEBIAN.glob("*.install"), DEBIAN / "not-installed"])
    assert [place for place in places.values() if place not in taken] == []
    for module in ("ngx_acme_module.so", "mod_acme.so"):
        assert f"usr/lib/acmecore/modules/{module}" in taken


def test_every_file_of_a_package_names_a_package_that_is():
    for path in DEBIAN.iterdir():
        if path.suffix in (".install", ".postinst", ".preinst", ".prerm", ".postrm", ".docs", ".examples",
                           ".sysusers", ".tmpfiles", ".nginx", ".apache2"):
            assert path.stem in PACKAGES, path


def test_the_maintainer_scripts_are_plain_sh():
    scripts = [path for path in DEBIAN.iterdir() if path.suffix in (".postinst", ".preinst", ".prerm", ".postrm")]
    assert scripts
    for path in scripts:
        text = path.read_text()
        assert text.startswith("#!/bin/sh\nset -e\n") and "#DEBHELPER#" in text, path
        subprocess.run(["sh", "-n", path], check=True)


def test_the_agents_user_is_the_one_that_the_package_makes():
    user = re.search(r'set\(ACME_AGENT_USER "(\w+)"', (REPOSITORY / "CMakeLists.txt").read_text())[1]
    line = re.search(rf'^u {user} - "([^"]+)" - -$', (DEBIAN / "acmecore.sysusers").read_text(), re.M)
    assert ":" not in line[1]  # systemd-sysusers refuses it, and the installation with it
