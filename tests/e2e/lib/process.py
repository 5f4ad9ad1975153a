"""Processes: started with a log file, found in /proc, ended by their id."""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path


def wait_until(condition, timeout, what, every=0.02):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout} s: {what}")
        time.sleep(every)


def state(pid):
    """The process's state letter, or None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return stat.rpartition(")")[2].split()[0]


def alive(pid):
    # A zombie has ended: where nobody reaps (container without an init) it stays.
    return state(pid) not in (None, "Z", "X")


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def pids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def children(pid):
    return [child for child in pids() if parent(child) == pid and alive(child)]


def program(pid):
    """Path of the program, from the link where it may be read, else from the command line."""
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return (command_line(pid) or [""])[0]


def open_files(pid):
    """What its descriptors lead to, but for those that are closed just now."""
    found = []
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(entry.path))
        except FileNotFoundError:
            continue
    return found


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def become_reaper():
    """Daemons that the tests start become our children when their parent ends, so that
    reap() can remove what is left of them: not every container has an init that does."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap(programs):
    """Removes ended daemons of these names. Not others: a Popen wants its own."""
    for pid in pids():
        if parent(pid) != os.getpid() or state(pid) != "Z":
            continue
        name = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")[0]
        if name in programs:
            os.waitpid(pid, os.WNOHANG)


def end(pid, timeout=5):
    """TERM, then KILL; returns when it has ended."""
    for number, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, 5)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        try:
            wait_until(lambda: not alive(pid), patience, f"end of process {pid}")
            return
        except TimeoutError:
            continue


class Process:
    """A program in the foreground with its output in a file."""

    def __init__(self, arguments, log, environment=None):
        self.arguments = [str(argument) for argument in arguments]
        self.log = Path(log)
        self.environment = {**os.environ, **(environment or {})}
        self.popen = None

    def start(self):
        with open(self.log, "ab") as output:
            # A session of its own: Ctrl-C is for the tests, which then end it in order.
            self.popen = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=output,
                                          stderr=subprocess.STDOUT, env=self.environment,
                                          start_new_session=True)
        return self

    @property
    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def stop(self):
        if self.popen is None:
            return
        self.popen.terminate()
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(5)
        self.popen = None

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""
