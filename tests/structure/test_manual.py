"""The man pages and the shell's completion say what the tables say, and troff takes them."""

import re
import subprocess

import pytest

from tree import REPOSITORY

MANUAL = REPOSITORY / "docs" / "man"
COMPLETION = REPOSITORY / "acmecore" / "ctl" / "completion" / "acmectl.bash"
MADE = {MANUAL / "acmectl.8": "commands", COMPLETION: "commands",
        MANUAL / "acmecore-nginx.5": "directives", MANUAL / "acmecore-httpd.5": "directives"}
PAGES = sorted(MANUAL.glob("*.[1-9]"))


def output(*command, **more):
    return subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more).stdout


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_what_is_made_is_current(path):
    script = REPOSITORY / "scripts" / MADE[path]
    assert path.read_text() == output(script, "--print", path.name), f"run scripts/{script.name}"


def test_every_command_and_option_stands_in_the_man_page():
    table = (REPOSITORY / "acmecore" / "ctl" / "commands.def").read_text()
    page = output("man", "-l", MANUAL / "acmectl.8", env={"MANWIDTH": "200", "LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    commands = re.findall(r'^ACME_COMMAND\("([^"]+)"', table, re.M)
    assert len(commands) > 10
    for name in commands:
        assert re.search(rf"^ {{7}}{name}( |$)", page, re.M), name
    for name in re.findall(r'^ACME_OPTION\("[^"]*", "([^"]+)"', table, re.M):
        assert re.search(rf"^ +{name}( |$)", page, re.M), name


def test_all_pages_are_there():
    assert [path.name for path in PAGES] == ["acme-keeper.8", "acmecore-httpd.5", "acmecore-nginx.5", "acmectl.8"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_troff_takes_the_page(path):
    assert output("groff", "-ww", "-z", "-man", path) == ""
    assert output("mandoc", "-Tlint", "-Wwarning", path) == ""
    assert output("man", "--warnings", "-l", "-Tutf8", path, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
                  ).count("warning:") == 0


def completed(*words):
    """What bash offers for the last of these words."""
    line = " ".join(f"'{word}'" for word in words)
    script = (f"source {COMPLETION}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
              'COMPREPLY=(); _acmectl; printf "%s\\n" "${COMPREPLY[@]}"')
    return output("bash", "-u", "-c", script, cwd=REPOSITORY).split()


def test_bash_completes_commands_options_and_values():
    assert completed("acmectl", "re") == ["renew", "revoke"]
    assert completed("acmectl", "account", "d") == ["deactivate"]
    assert completed("acmectl", "account", "deactivate", "ca", "--y") == ["--yes"]
    assert completed("acmectl", "--state", "/s", "status", "--c") == ["--check", "--critical"]
    assert completed("acmectl", "revoke", "a", "--reason", "key") == ["keyCompromise"]
    assert completed("acmectl", "import", "m") == ["mod_md", "mod_acme_apache"]
    assert completed("acmectl", "eject", "docs/m") == ["docs/man"]
