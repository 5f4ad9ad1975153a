"""Private keys stay where they belong."""

import os
import re
import subprocess

from cryptography.hazmat.primitives import serialization

from lib import process
from lib.site import Site

NAME = "www.example.org"


def private_numbers(server):
    """The secret number of each stored key, as the bytes that memory would hold."""
    out = []
    for path in server.state_path.rglob("*"):
        if path.is_file() and b"PRIVATE KEY" in path.read_bytes():
            key = serialization.load_pem_private_key(path.read_bytes(), None)
            number = key.private_numbers().private_value
            out.append((path.name, number.to_bytes(32, "big")))
    return out


def memory_of(pid):
    """All that the process has in memory, as a core image would."""
    out = bytearray()
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in open(f"/proc/{pid}/maps"):
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if not match or "[v" in line:
                continue
            begin, end = (int(part, 16) for part in match.groups())
            try:
                memory.seek(begin)
                out += memory.read(end - begin)
            except OSError:
                continue
    return bytes(out)


def test_no_key_is_ever_logged_or_in_the_agents_memory(server, pebble):
    server.log_level = "debug"
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    keys = private_numbers(server)
    assert len(keys) >= 2
    agent, keeper = memory_of(server.helper("agent")), memory_of(server.helper("keeper"))
    assert len(agent) > 1_000_000
    log = server.error_log.read_bytes()
    for name, number in keys:
        for form in (number, number[::-1], number.hex().encode()):
            assert form not in agent, f"{name} is in the agent's memory"
            assert form not in log, f"{name} is in the log"
    # The search can find a key where one is: the keeper signs with the account's.
    assert any(form in keeper for _, number in keys for form in (number, number[::-1]))
    assert "PRIVATE KEY" not in server.log


def test_the_agent_is_unprivileged_and_not_dumpable(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    status = open(f"/proc/{server.helper('agent')}/status").read()
    uids = re.search(r"Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)", status).groups()
    assert "0" not in uids
    assert "NoNewPrivs:\t1" in status
    assert re.search(r"CapEff:\t0+\n", status)


def test_a_worker_cannot_write_the_board(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    for pid in [*server.workers(), server.master]:
        boards = [line for line in open(f"/proc/{pid}/maps") if "memfd:" in line and "acme" in line]
        assert boards, "the board is mapped"
        assert all(line.split()[1].startswith("r--") for line in boards), boards
    for pid in server.workers():
        held = process.open_files(pid)
        assert not any("memfd:" in name for name in held), held
    for fd in os.listdir(f"/proc/{server.master}/fd"):
        if "memfd:" in os.readlink(f"/proc/{server.master}/fd/{fd}"):
            flags = re.search(r"flags:\t(\d+)",
                              open(f"/proc/{server.master}/fdinfo/{fd}").read())[1]
            assert int(flags, 8) & os.O_ACCMODE == os.O_RDONLY
    # Nor can somebody else of the worker's user open it by the keeper's descriptor.
    keeper = server.helper("keeper")
    for fd in os.listdir(f"/proc/{keeper}/fd"):
        if "memfd:" in os.readlink(f"/proc/{keeper}/fd/{fd}"):
            done = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                                   "sh", "-c", f": >>/proc/{keeper}/fd/{fd}"], capture_output=True)
            assert done.returncode != 0


def test_workers_hold_nothing_that_keeps_a_helper_alive(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_helpers()
    keeper = server.helper("keeper")
    death = os.readlink(f"/proc/{keeper}/fd/5")
    for pid in server.workers():
        held = process.open_files(pid)
        assert death not in held
    process.wait_until(lambda: server.handshake(NAME).from_pebble, 10, "certificate")
