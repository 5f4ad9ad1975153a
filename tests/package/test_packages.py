"""A package's life on a clean system: installed, used, upgraded under traffic, removed with its
configuration left behind, installed again, purged."""

import re
import socket

import pytest

from lib.client import handshake
from lib.process import wait_until
from servers import CA
from traffic import Traffic

pytestmark = pytest.mark.timeout(900, func_only=True)
STORE, RUNTIME = "/var/lib/acmecore", "/run/acmecore"
PROGRAMS = "/usr/libexec/acmecore"
OURS = ("acmecore", "libapache2-mod-acmecore", "libnginx-mod-http-acmecore")


def programs(root):
    return sorted(path.name for path in root.path(PROGRAMS).iterdir())


def keys(root, server):
    return {str(path): path.read_bytes() for path in
            sorted(root.path(f"{STORE}/{server.kind}").glob("**/privkey.pem"))}


def first_certificate(root, server, pebble):
    """The server starts with README's lines; returns the certificate that it serves then."""
    root.path(CA).write_text(pebble.authority.root.read_text())
    root.allow(server.service_name)
    server.enable(pebble)
    server.service("start")

    def served():
        try:
            certificate = handshake(443, "www.example.org")
        except OSError:
            return None
        return certificate if certificate.from_pebble else None

    try:
        with root.network():
            return wait_until(served, 60, "a certificate of Pebble is served", every=0.2)
    finally:
        print(root.path(server.log).read_text()[-3000:])


def test_life(root, server, pebble, version):
    root.apt("update", network=True)
    root.install("before", network=True)
    before = programs(root)[0]
    assert programs(root) == [before] and before < version
    assert "_acmecore" in root.path("/etc/passwd").read_text()
    assert not root.path(f"{STORE}/{server.kind}").exists()

    certificate = first_certificate(root, server, pebble)
    assert certificate.names == server.names
    assert root.path(STORE).stat().st_mode & 0o777 == 0o700
    assert "www.example.org" in server.acmectl("status")
    old_master, had = server.master(), keys(root, server)
    assert had and set(server.helpers()) == {f"{PROGRAMS}/{before}/acme-keeper",
                                            f"{PROGRAMS}/{before}/acme-agent"}

    # The upgrade, under traffic.
    with root.network(), Traffic("www.example.org", pebble.root()) as traffic:
        _, said = root.install("now")
        wait_until(lambda: f"{PROGRAMS}/{version}/acme-agent" in server.helpers(), 30, "the new helper runs")
    assert server.loaded_modules() == {f"/usr/lib/{server.modules}/{server.module}"}
    assert len(traffic.failures) <= server.failures_at_upgrade
    assert traffic.answered > 20
    with root.network():
        assert handshake(443, "www.example.org", pebble.root()).serial == certificate.serial
    assert keys(root, server) == had
    assert f"acmectl {version.split('-')[0]}" in root.run("acmectl", "--version")[1].splitlines()

    # Removed while its directives are still in use: the server goes on.
    with root.network(), Traffic("www.example.org", pebble.root()) as traffic:
        _, said = root.apt("remove", *OURS)
    assert server.configuration_named in said and "eject" in said
    assert traffic.failures == []
    with root.network():
        assert handshake(443, "www.example.org", pebble.root()).serial == certificate.serial
    assert keys(root, server) == had
    status, _ = root.run(*server.test, check=False)
    assert status != 0  # which the removal has said
    root.run("test", "!", "-e", PROGRAMS)

    # Installed again: as before.
    root.install("now")
    root.run(*server.test)
    server.service("restart")
    wait_until(lambda: f"{PROGRAMS}/{version}/acme-agent" in server.helpers(), 30, "the helper runs")
    with root.network():
        assert handshake(443, "www.example.org", pebble.root()).serial == certificate.serial
    assert server.master() != old_master

    # Gone, without the directives: the server lives, and nothing of ours is left.
    server.disable()
    root.apt("remove", *OURS)
    root.run(*server.test)
    assert keys(root, server) == had
    root.apt("purge", *OURS[1:])
    assert keys(root, server) == had
    root.apt("purge", OURS[0])
    for left in (STORE, RUNTIME, PROGRAMS, *server.left):
        root.run("test", "!", "-e", left)
    with root.network():
        wait_until(lambda: server.helpers() == [], 10, "no helper runs")


def test_a_configuration_that_is_not_valid(root, server, pebble, version):
    """The upgrade leaves the server alone, and the running module has its own helper programs."""
    root.apt("update", network=True)
    root.install("before", network=True)
    before = programs(root)[0]
    certificate = first_certificate(root, server, pebble)
    good = root.path(server.configuration).read_text()
    root.write(server.configuration, good + "\nnonsense on;\n")
    master = server.master()

    _, said = root.install("now")
    assert "nonsense" in said
    assert server.master() == master
    assert {"(deleted)"} == {line.rpartition(" ")[2] for line in server.loaded_modules()}
    assert programs(root) == sorted([before, version])
    with root.network():
        assert handshake(443, "www.example.org", pebble.root()).serial == certificate.serial

    # A helper that dies is started again, from the old folder: agent and keeper (the younger of the
    # two processes of its program; the other one is its supervisor).
    for name in ("acme-agent", "acme-keeper"):
        _, old = root.run("pgrep", "-f", f"{before}/acme-agent")
        root.run("pkill", "-9", "--newest", "-f", f"{before}/{name}")

        def again():
            status, new = root.run("pgrep", "-f", f"{before}/acme-agent", check=False)
            return status == 0 and new != old
        wait_until(again, 20, "the old agent runs again", every=0.5)
    assert "www.example.org" in server.acmectl("status")

    # Mended: the operator does what the upgrade could not, and the next upgrade tidies up.
    root.write(server.configuration, good)
    server.service(server.to_new_module)
    wait_until(lambda: {f"{PROGRAMS}/{version}"} == {path.rpartition("/")[0] for path in server.helpers()},
               30, "the new helper runs, and no other")
    assert not any("deleted" in line for line in server.loaded_modules())
    root.apt("reinstall", f"/packages/now/acmecore_{version}_{root.architecture()}.deb")
    assert programs(root) == [version]


def test_installed_for_one_server(root, server, version):
    """Each module's package is enough for its server, and changes nothing until it is used."""
    root.apt("update", network=True)
    architecture = root.architecture()
    names = [f"/packages/now/{name}_{version}_{architecture}.deb" for name in ("acmecore", server.package)]
    root.allow(server.service_name)
    root.apt("install", server.service_name, network=True)
    root.run("systemctl", "is-active", server.service_name)
    master = server.master()
    root.apt("install", *names)
    assert server.master() == master
    root.run(*server.test)
    with root.network(), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 443))
    root.apt("purge", "acmecore", server.package)
    assert server.master() == master


def test_a_hardened_unit(root, server, pebble):
    """The drop-in that the packages bring is enough for a first certificate and for a renewal."""
    root.apt("update", network=True)
    root.install("now", network=True)
    unit = f"{server.service_name}.service.d"
    root.run("cp", "-r", f"/usr/share/doc/acmecore/examples/systemd/{unit}", "/etc/systemd/system/")
    root.run("systemctl", "daemon-reload")
    certificate = first_certificate(root, server, pebble)
    _, limits = root.run("grep", "-E", "^(CapBnd|NoNewPrivs|Seccomp):", f"/proc/{server.master()}/status")
    named = root.path(f"/etc/systemd/system/{unit}/acmecore.conf").read_text()
    _, allowed = root.run("sh", "-c", f"systemctl show -p CapabilityBoundingSet {server.service_name}")
    for capability in re.search(r"^CapabilityBoundingSet=(.*)$", named, re.M)[1].split():
        assert capability.lower() in allowed
    assert re.search(r"^NoNewPrivs:\t1$", limits, re.M) and re.search(r"^Seccomp:\t2$", limits, re.M)

    server.acmectl("renew", "--force", "--wait", "www.example.org")
    with root.network():
        wait_until(lambda: handshake(443, "www.example.org", pebble.root()).serial != certificate.serial,
                   30, "the renewed certificate is served")
    service_log = root.path(server.log).read_text()
    assert "denied" not in service_log and "not permitted" not in service_log, service_log
