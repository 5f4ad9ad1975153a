"""httpd's own ways to live: its process models, restarts, logs, and faults that must not
end the parent."""

import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import threading
import time

import pytest

from lib import process
from lib.httpd import MPMS, PREFORK
from lib.process import Process
from lib.site import Site
from lib.strict import StrictClient
from lib.workspace import built

pytestmark = pytest.mark.servers("httpd")

NAME = "www.example.org"


@pytest.fixture
def issued(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    server.wait_for_helpers()
    return server


def kill_helpers(server):
    for pids in server.helpers().values():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


# The process models.

@pytest.mark.parametrize("mpm", MPMS)
def test_each_process_model_issues_renews_restarts_and_ends(server, pebble, mpm):
    server.mpm = mpm
    server.configure([Site(NAME)], [pebble.issuer()], workers=3)
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    workers = server.workers()
    with server.keep_alive(NAME, pebble.root()) as connection:
        assert server.acmectl("renew", NAME).ok
        second = server.wait_for_certificate(NAME, pebble, unlike=first)
        assert connection.get().status == 200
    # Each child sees the board by itself.
    assert {server.handshake(NAME).serial for _ in range(40)} == {second.serial}
    assert mpm == PREFORK or server.workers() == workers  # prefork makes more when it likes
    server.reload()
    assert server.handshake(NAME, pebble.root()).serial == second.serial
    server.wait_for_helpers()
    server.restart()
    assert server.handshake(NAME, pebble.root()).serial == second.serial
    server.wait_for_helpers()
    os.kill(server.master, signal.SIGKILL)
    server.wait_for_no_helpers(timeout=1.0)


@pytest.mark.parametrize("mpm", MPMS)
def test_a_hard_restart_is_as_good_as_a_graceful_one(server, pebble, mpm):
    server.mpm = mpm
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    before = server.wait_for_helpers()
    server.send_signal(signal.SIGHUP)
    after = process.wait_until(
        lambda: (now := server.helpers()) and all(len(p) == 1 for p in now.values())
        and now["supervisor"] != [before["supervisor"]] and now, 10, "a new helper")
    assert after and server.handshake(NAME, pebble.root()).serial == first.serial


@pytest.mark.parametrize("arguments", [["-X"], ["-DFOREGROUND"]])
def test_in_the_foreground_it_works_and_takes_its_helper_along(server, pebble, folder, arguments):
    server.configure([Site(NAME)], [pebble.issuer()])
    httpd = Process(server.command(*arguments), folder / "foreground.log").start()
    try:
        first = server.wait_for_certificate(NAME, pebble)
        server.wait_for_helpers()
        assert server.acmectl("renew", NAME).ok
        server.wait_for_certificate(NAME, pebble, unlike=first)
    finally:
        httpd.stop()
    server.wait_for_no_helpers(timeout=1.0)


# Restarts.

def test_a_client_that_connects_all_the_time_sees_no_restart(issued, pebble):
    with StrictClient(issued.tls_port, NAME, pebble.root()) as strict:
        for _ in range(5):
            issued.graceful()
            issued.wait_for_helpers()
    strict.check(at_least=20)
    assert "long lost child" not in issued.log


def test_the_module_is_unloaded_and_may_be_another_one_after_a_restart(server, pebble):
    path = server.folder / "mod_acme.so"
    shutil.copy2(built("mod_acme.so"), path)
    server.configure([Site(NAME)], [pebble.issuer()])
    server.write(server.configuration.read_text().replace(str(built("mod_acme.so")), str(path)))
    server.start()
    server.wait_for_certificate(NAME, pebble)
    fresh = server.folder / "fresh.so"
    shutil.copy2(path, fresh)
    fresh.rename(path)  # as a package manager does it
    before = server.wait_for_helpers()
    server.graceful()
    lines = [line for line in open(f"/proc/{server.master}/maps") if "mod_acme.so" in line]
    assert lines and not any("(deleted)" in line for line in lines), lines
    assert server.handshake(NAME, pebble.root())
    assert server.wait_for_helpers()["supervisor"] != before["supervisor"]


def test_a_module_that_is_taken_out_takes_its_helper_along(issued, pebble, authority):
    own = authority.issue(NAME)
    text = issued.configuration.read_text()
    text = re.sub(r"^\s*(LoadModule acme_module|ACME|<ACME|</ACME).*$", "", text, flags=re.M)
    issued.write(text.replace("SSLEngine on", f"SSLEngine on\nSSLCertificateFile {own[0]}\n"
                                              f"SSLCertificateKeyFile {own[1]}"))
    issued.reload()
    issued.wait_for_no_helpers()
    assert issued.handshake(NAME, authority.root.read_text())


def test_a_typing_error_at_a_bare_restart_is_logged_and_ends_nothing(server, pebble):
    """apachectl graceful would have refused it; SIGUSR1 alone is not asked."""
    names = [NAME, "shop.example.org"]
    server.configure([Site(name) for name in names], [pebble.issuer()])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    server.wait_for_certificate("shop.example.org", pebble)
    good = server.configuration.read_text()
    master = server.master
    broken = good.replace("ServerName shop.example.org", "ServerName shop.example.org\n"
                          "ACMERenew soon")
    before, _, after = broken.rpartition("ACMEEngine pebble")
    server.write(before + "ACMEEngine nobody" + after)
    server.graceful()
    assert server.master == master
    assert server.handshake(NAME, pebble.root()).serial == first.serial
    assert not server.handshake("shop.example.org").from_pebble
    assert len(server.wait_for_log(r'\[error\].*unknown issuer "nobody".*left out')) == 1
    server.wait_for_log(r'\[error\].*ACMERenew.*"soon" is not a time')
    server.write(good)
    server.reload()
    assert server.handshake("shop.example.org", pebble.root())


# The logs.

def test_a_piped_error_log_has_the_helpers_lines_too(server, pebble):
    server.error_log_value = f'"|$cat >>{server.error_log}"'
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    server.wait_for_log("certificate obtained")
    server.graceful()
    assert server.acmectl("renew", NAME).ok
    server.wait_for_log("certificate obtained", count=2)


class Syslog:
    """What a syslog daemon would have got. Whoever writes waits for it to be read."""

    PATH = "/dev/log"

    def __enter__(self):
        assert not os.path.exists(self.PATH), "this test listens where a syslog daemon does"
        if os.path.islink(self.PATH):  # to a journal that has been here
            os.unlink(self.PATH)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.PATH)
        os.chmod(self.PATH, 0o666)
        self.text = ""
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def _read(self):
        while True:
            self.text += self._socket.recv(65536).decode(errors="replace") + "\n"

    def __exit__(self, *_):
        os.unlink(self.PATH)


def test_syslog_has_the_helpers_lines(server, pebble):
    with Syslog() as syslog:
        server.error_log_value = "syslog:local1"
        server.configure([Site(NAME)], [pebble.issuer()])
        server.start()
        server.wait_for_certificate(NAME, pebble)
        process.wait_until(lambda: re.search(r"acme.*certificate obtained", syslog.text), 10,
                           "the helper's line")
        server.graceful()
        assert server.acmectl("renew", NAME).ok
        process.wait_until(lambda: syslog.text.count("certificate obtained") == 2, 10,
                           "the line of the helper after the restart")
        server.stop()


def test_the_log_is_followed_when_it_is_rotated(issued, pebble):
    issued.error_log.rename(issued.folder / "error.log.1")
    issued.graceful()
    assert issued.acmectl("renew", NAME).ok
    issued.wait_for_log("certificate obtained")


# Faults of the environment.

def test_a_restart_with_an_unreadable_store_goes_on(issued, pebble):
    master = issued.master
    moved = issued.folder / "moved"
    issued.state_path.rename(moved)
    issued.state_path.write_text("not a folder")
    issued.graceful()
    assert issued.master == master
    assert issued.handshake(NAME) and issued.http_get(NAME).status == 200
    issued.wait_for_log(r"\[error\].*state")
    issued.state_path.unlink()
    moved.rename(issued.state_path)
    issued.graceful()
    assert issued.handshake(NAME, pebble.root())
    issued.wait_for_helpers(timeout=30)


def test_a_start_without_any_place_for_placeholders_serves_all_the_same(server, pebble):
    server.state_path.write_text("not a folder")
    server.runtime_path.write_text("nor this")
    server.configure([Site(NAME), Site("shop.example.org")], [pebble.issuer()])
    server.start()
    assert server.handshake(NAME) and server.http_get(NAME).status == 200
    server.wait_for_log(r"\[error\].*in memory")
    server.graceful()
    assert server.handshake("shop.example.org")


def test_a_restart_with_a_damaged_placeholder_goes_on(issued, pebble):
    folder = issued.state_path / "placeholders"
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        path.write_text("garbage")
    master = issued.master
    issued.graceful()
    assert issued.master == master and issued.handshake(NAME, pebble.root())


def test_a_restart_without_the_helper_program_serves_and_mends_itself(issued, pebble):
    master = issued.master
    (issued.programs / "acme-keeper").chmod(0o600)
    issued.graceful()
    assert issued.master == master
    assert issued.handshake(NAME, pebble.root())
    issued.wait_for_log(r"\[error\].*acme-keeper")
    (issued.programs / "acme-keeper").chmod(0o755)
    issued.wait_for_helpers(timeout=40)
    assert issued.acmectl("renew", NAME).ok


def test_a_helper_that_was_killed_altogether_comes_back(issued, pebble):
    first = issued.handshake(NAME, pebble.root())
    kill_helpers(issued)
    issued.wait_for_no_helpers()
    issued.wait_for_helpers(timeout=30)
    assert issued.acmectl("renew", NAME).ok
    issued.wait_for_certificate(NAME, pebble, unlike=first)  # on the board of before


def test_a_helper_that_never_lives_is_not_started_all_the_time(issued):
    dud = issued.programs / "acme-keeper"
    dud.unlink()
    dud.write_text("#!/bin/sh\nexit 1\n")
    dud.chmod(0o755)
    kill_helpers(issued)
    time.sleep(20)
    assert len(re.findall(r"has ended", issued.log)) <= 4
    assert issued.http_get(NAME).status == 200


@pytest.mark.parametrize("spare", [8, 16, 30])
def test_a_restart_with_few_descriptors_ends_nothing(issued, pebble, spare):
    master = issued.master
    before = resource.prlimit(master, resource.RLIMIT_NOFILE)
    tight = max(int(fd) for fd in os.listdir(f"/proc/{master}/fd")) + 1 + spare
    resource.prlimit(master, resource.RLIMIT_NOFILE, (tight, before[1]))
    issued.graceful()
    assert issued.master == master
    assert issued.http_get(NAME).status == 200
    assert issued.handshake(NAME, pebble.root())
    resource.prlimit(master, resource.RLIMIT_NOFILE, before)
    issued.graceful()
    assert issued.handshake(NAME, pebble.root())
    issued.wait_for_helpers(timeout=30)


def test_a_restart_without_memory_for_the_board_ends_nothing(issued, pebble):
    """Not below what httpd itself takes: it ends where its own pools get no memory."""
    master = issued.master
    used = int(open(f"/proc/{master}/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    before = resource.prlimit(master, resource.RLIMIT_FSIZE)
    resource.prlimit(master, resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    issued.graceful()
    assert issued.master == master and used
    assert issued.handshake(NAME, pebble.root())  # from memory
    issued.wait_for_log(r"\[error\].*board")
    resource.prlimit(master, resource.RLIMIT_FSIZE, before)
    issued.graceful()
    assert issued.handshake(NAME, pebble.root())
    issued.wait_for_helpers(timeout=30)
