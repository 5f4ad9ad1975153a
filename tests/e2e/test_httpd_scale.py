"""A thousand virtual hosts: as fast up as with files, and nothing to read in the log."""

import re
import shutil
import socket
import time

import pytest

from lib.site import Issuer, Site

pytestmark = pytest.mark.servers("httpd")

COUNT = 1000


def sites(**more):
    return [Site(f"s{number}.example.org", plain=None, **more) for number in range(COUNT)]


def answers_after(server):
    """Seconds from the start of httpd to its first answer."""
    began = time.monotonic()
    done = server.run(*server.command("-k", "start"))
    assert done.ok, done
    while True:
        try:
            with socket.create_connection(("127.0.0.1", server.http_port), 1):
                pass
            server.http_get("s1.example.org")
            return time.monotonic() - began
        except OSError:
            assert time.monotonic() - began < 120
            time.sleep(0.005)


def test_a_thousand_new_hosts_start_as_fast_as_with_files(server, authority):
    with_files, managed = [], []
    own = {site.names[0]: authority.issue(*site.names) for site in sites()}
    for _ in range(4):  # the shortest counts: this machine has other things to do as well
        server.configure([Site(name, acme=None, plain=None, own=own[name]) for name in own])
        text = server.configuration.read_text()
        server.write("\n".join(line for line in text.splitlines() if not line.startswith("ACME")))
        with_files.append(answers_after(server))
        server.stop()
        # New domains each time: nothing is in the store.
        server.configure(sites(acme="away"), [Issuer("away", "https://127.0.0.1:9/dir")])
        managed.append(answers_after(server))
        server.stop()
        server.wait_for_no_helpers(timeout=5)
        shutil.rmtree(server.state_path)
    ratio = min(managed) / min(with_files)
    print(f"{COUNT} hosts: {min(with_files):.2f} s with files, {min(managed):.2f} s managed, "
          f"ratio {ratio:.2f}")
    assert ratio <= 1.2
    loud = [line for line in server.log.splitlines()
            if re.search(r"\[(warn|error|crit|alert|emerg)\]", line)]
    assert len(loud) < 20, loud[:20]
