"""A thousand virtual hosts: as fast up as with files, and nothing to read in the log."""

import re
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


def best_start(server, rounds=3):
    """The shortest of some starts: this machine has other things to do as well."""
    times = []
    for _ in range(rounds):
        times.append(answers_after(server))
        server.stop()
        server.wait_for_no_helpers(timeout=5)
    return min(times)


@pytest.mark.pebble(always_valid=True)
def test_a_thousand_new_hosts_start_as_fast_as_with_files(server, authority):
    own = {}
    for site in sites():
        own[site.names[0]] = authority.issue(*site.names)
    server.configure([Site(name, acme=None, plain=None, own=files) for name, files in own.items()])
    text = server.configuration.read_text()
    server.write("\n".join(line for line in text.splitlines() if not line.startswith("ACME")))
    with_files = best_start(server)
    server.configure(sites(acme="away"), [Issuer("away", "https://127.0.0.1:9/dir")])
    managed = best_start(server)
    print(f"{COUNT} hosts answer after {with_files:.2f} s with files, {managed:.2f} s managed: "
          f"ratio {managed / with_files:.2f}")
    assert managed <= 1.2 * with_files
    loud = [line for line in server.log.splitlines()
            if re.search(r"\[(warn|error|crit|alert|emerg)\]", line)]
    assert len(loud) < 20, loud[:20]
