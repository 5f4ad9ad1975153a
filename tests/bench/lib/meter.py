"""What a process has used."""

import re
import resource
import subprocess
import time
from pathlib import Path

from lib import process


def cpu(*pids):
    """Seconds of CPU of these processes with all their threads, to the nanosecond (/proc tells
    hundredths only)."""
    # CPUCLOCK_SCHED of another process, as clock_getcpuclockid(3) makes it.
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def cpu_of_ended():
    """Seconds of all children of ours that have ended and been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pss(pid, without=None):
    """KiB; without mappings whose path has this in it."""
    total, counted = 0, True
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            counted = not (without and without in line)
        elif counted and line.startswith("Pss:"):
            total += int(line.split()[1])
    return total


def family(pid):
    """A process and all that descend from it."""
    found = [pid]
    parents = {child: process.parent(child) for child in process.pids()}
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return [member for member in found if process.alive(member)]


class Instructions:
    """Counts what a program executes in user mode, by valgrind: the same each time, whatever
    else the machine does. Only where valgrind is installed."""

    PROGRAM = "/usr/bin/valgrind"

    @classmethod
    def available(cls):
        return Path(cls.PROGRAM).exists()

    def __init__(self, folder, command, answers, stop):
        """command runs in the foreground; answers() tells that it is up, stop(pid) ends it."""
        self._folder, self._command = folder, [str(part) for part in command]
        self._answers, self._stop = answers, stop

    def of(self, load, count):
        """Per unit of load(count): the difference between a run with it and one with half of it."""
        return (self._run(load, count) - self._run(load, count // 2)) / (count - count // 2)

    def _run(self, load, count):
        output = self._folder / "valgrind.out"
        with open(output, "wb") as sink:
            running = subprocess.Popen(
                [self.PROGRAM, "--tool=callgrind", "--callgrind-out-file=/dev/null",
                 "--vgdb=no", *self._command],
                stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT)
        try:
            process.wait_until(self._answers, 60, "the program under valgrind answers")
            load(2)  # what is made at the first use
            load(count)
            self._stop(running.pid)
            running.wait(60)
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()
        return int(re.search(r"Collected : (\d+)", output.read_text(errors="replace")).group(1))
