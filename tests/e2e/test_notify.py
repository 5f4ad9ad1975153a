"""Programs that are told of certificates, and run for them: what they do harms nobody.
(tests/e2e/test_nginx_config.py and test_httpd_examples.py run the example.)"""

import os
import shlex
import shutil
import signal
import socket
import subprocess

import pytest

from lib import process
from lib.hooks import Hooks
from lib.httpd import directive_names
from lib.site import Site

NAME = "www.example.org"


def lines(server, directives):
    """Directives by their nginx names, in the server's own language."""
    if server.kind == "httpd":
        return "\n".join(f"{directive_names()[name]} {value}" for name, value in directives)
    return "\n".join(f"{name} {value};" for name, value in directives)


def test_programs_that_hang_flood_or_fail_harm_nothing(server, pebble, dns, folder):
    dns.set_default("127.0.0.1")
    hooks = Hooks(folder)
    hangs = hooks.program("hangs", "exec sleep 600")
    floods = hooks.program("floods", "yes 'no end of it'")
    good = hooks.program("good")
    bad = hooks.program("bad", "echo no mail today; exit 3")
    server.configure([Site(NAME)], [pebble.issuer()], http=lines(server, [
        ("acme_notify", f"{hangs} events=issued"), ("acme_notify", f"{floods}"),
        ("acme_notify", f"{good} 'one argument'"), ("acme_notify", "/nowhere/tell"),
        ("acme_deploy", f"{bad} for={NAME}"), ("acme_deploy", f"{floods}")]))
    server.start()
    certificate = server.wait_for_certificate(NAME, pebble)
    process.wait_until(lambda: hooks.calls("good"), 20, "the notice")
    assert hooks.calls("good")[0][0] == "one argument"
    server.wait_for_log(r"wrote more than 1 MiB and was ended")
    server.wait_for_log(r"the deploy program \S*/floods failed: it wrote more than 1 MiB and was killed")
    server.wait_for_log(r"/nowhere/tell could not be told: issued of www.example.org: cannot start")
    # What root's program says and how it ended; that it failed is news, too.
    server.wait_for_log(r"the deploy program \S*/bad failed: it ended with status 3; "
                        r"its last words: no mail today \(for www.example.org\); it is run again")
    def told():
        return any(notice["event"] == "failed" and "no mail today" in notice["error"]
                   for _, _, notice in hooks.calls("good"))
    process.wait_until(told, 20, "the notice of the failure")
    # A reload in the middle of it all; afterwards a mended program has its turn.
    shutil.copy(good, bad)
    server.reload()
    server.wait_for_helpers()
    server.wait_for_log(rf"deployed by \S*/bad: {NAME}")
    assert server.handshake(NAME, pebble.root()).serial == certificate.serial


def test_supplied_certificates_that_end_are_told_of_until_they_are_replaced(
        server, pebble, dns, folder, authority):
    dns.set_default("127.0.0.1")
    hooks = Hooks(folder)
    sites = [Site(NAME)]
    files = {}
    for name in ("one.example.org", "two.example.org"):
        own = authority.issue(name, days=1, age=300)
        sites.append(Site(name, acme=None, own=own))
        files[name] = str(own[0])
    # One file at two sites is one file.
    sites.append(Site("also.one.example.org", acme=None, own=sites[1].own))
    server.configure(sites, [pebble.issuer()], http=lines(server, [
        ("acme_notify", f"{hooks.program('tell')} events=expiring")]))
    server.start()

    def told(count):
        def notices():  # after a crash one may be told again
            return {notice["id"]: notice for _, _, notice in hooks.calls("tell")}
        process.wait_until(lambda: len(notices()) >= count, 20, "the notices")
        assert len(notices()) == count
        return list(notices().values())
    assert {(notice["certificate"], *notice["names"]) for notice in told(2)} == {
        (file, name) for name, file in files.items()}
    server.wait_for_log(rf"\[(acme:)?warn\].*{files['one.example.org']}.*\(one\.example\.org\)")
    # No reload: the next keeper has the configuration of the first one, and looks at once.
    authority.issue("one.example.org")
    authority.issue("two.example.org", days=1.5, age=300)
    os.kill(server.helper("keeper"), signal.SIGKILL)
    server.wait_for_log("the keeper was killed")
    assert told(3)[2]["certificate"] == files["two.example.org"]


@pytest.mark.servers("nginx")  # httpd's log cannot be the journal but by syslog
def test_in_the_journal_lines_have_fields(server, pebble, dns, folder):
    dns.set_default("127.0.0.1")
    server.configure([Site(NAME)], [pebble.issuer()])
    server.write(server.configuration.read_text().replace(
        f"error_log {server.error_log} ", "error_log stderr "))
    # Descriptor 2 as systemd gives it, and a folder of ours where journald has its socket.
    info = server.error_log.stat()
    (folder / "journal").mkdir()
    entries = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    entries.bind(str(folder / "journal" / "socket"))
    entries.settimeout(20)
    command = shlex.join(map(str, server.command()))
    with entries, open(server.error_log, "ab") as log:
        subprocess.run(["unshare", "--mount", "sh", "-ec", "mount -t tmpfs none /run; "
                        "mkdir -p /run/systemd/journal; "
                        f"mount --bind {folder}/journal /run/systemd/journal; exec {command}"],
                       stderr=log, check=True, timeout=20,
                       env={**os.environ, "JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"})
        server.wait_for_certificate(NAME, pebble)
        entry = {}
        while "certificate obtained" not in entry.get("MESSAGE", ""):
            entry = dict(line.split("=", 1) for line in entries.recv(65536).decode().splitlines())
    assert entry.pop("MESSAGE").startswith(f"{NAME}: certificate obtained from pebble")
    assert entry == {"PRIORITY": "5", "SYSLOG_IDENTIFIER": "acme", "ACME_SERVER": "nginx",
                     "ACME_CERTIFICATE": NAME}
    assert "certificate obtained" not in server.log
