"""A certificate, and its renewal, where nothing but the store, the runtime path and the server's own
files can be written, and where there is next to no privilege."""

import os
import pwd

import pytest

from lib import sandbox
from lib.site import Site

NAME = "www.example.org"
UID = 4242

# As docs/PRIVSEP.md and packaging/systemd name them.
CAPABILITIES = ["net_bind_service", "setuid", "setgid", "kill", "chown"]


def enclose(server, privileges, owner=None):
    """From now on the server's command runs in the sandbox. What is the server's own (pid file, bodies
    of requests, locks) lies apart from what is ours. Returns what stands before a command."""
    own = server.folder / "own"
    pid = f"{server.kind}.pid"
    temporary = server.folder / ("temp" if server.kind == "nginx" else "runtime")
    folders = [own, temporary, server.state_path, server.runtime_path]
    for path in folders:
        path.mkdir(exist_ok=True)
    server.state_path.chmod(0o700)
    if owner:
        for path in [*folders, server.error_log]:
            os.chown(path, owner, owner)
    server.write(server.configuration.read_text().replace(f"{server.folder}/{pid}", f"{own}/{pid}"))
    (server.folder / pid).symlink_to(own / pid)
    prefix = sandbox.command(server.folder, [*folders, server.error_log], privileges)
    plain = server.command
    server.command = lambda *arguments: [*prefix, *plain(*arguments)]
    return prefix


def lives(server, pebble, prefix):
    """The first certificate, and the next one when the operator asks for it, from inside."""
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    server.wait_for_log("certificate obtained")
    pids = server.wait_for_helpers()
    renewed = server.run(*prefix, *server.acmectl_line("renew", "--force", NAME).split())
    assert renewed.ok, renewed
    server.wait_for_certificate(NAME, pebble, unlike=first)
    server.wait_for_log("certificate obtained", count=2)
    assert server.status()["helper_up"] is True
    errors = [line for line in server.log.splitlines() if "[error]" in line]
    assert not errors, errors
    return pids


def field(pid, name):
    with open(f"/proc/{pid}/status") as lines:
        return next(line.split()[1:] for line in lines if line.startswith(name + ":"))


@pytest.fixture(autouse=True)
def permitted():
    why = sandbox.why_not()
    if why:
        pytest.skip(why)


def test_root_with_the_named_capabilities_alone_on_a_read_only_root(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()])
    prefix = enclose(server, sandbox.bounded(CAPABILITIES))
    pids = lives(server, pebble, prefix)
    assert field(pids["agent"], "Uid")[0] != "0"
    assert int(field(pids["agent"], "CapEff")[0], 16) == 0
    # Who may not is told once, and what to do.
    stranger = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    refused = server.run(*stranger, *server.acmectl_line("export", NAME, "/nowhere").split())
    assert refused.status == 1 and "acmectl: only root may read the store: try again as root" in refused.output
    # The keeper can end its agent, which is somebody else: CAP_KILL is enough for that.
    server.quit()
    server.wait_for_no_helpers(timeout=10)


def test_any_uid_without_passwd_entry_or_capability_on_a_read_only_root(server, pebble):
    with pytest.raises(KeyError):
        pwd.getpwuid(UID)
    server.configure([Site(NAME)], [pebble.issuer()])
    prefix = enclose(server, sandbox.nobody_known(UID), owner=UID)
    for pid in lives(server, pebble, prefix).values():
        assert field(pid, "Uid") == [str(UID)] * 4
        assert field(pid, "CapEff") == field(pid, "CapBnd") == ["0" * 16]
    # Root is somebody else here: acmectl is for that uid, as docs/PRIVSEP.md says.
    assert "another user listens" in server.acmectl("issuers").output
    server.quit()
    server.wait_for_no_helpers(timeout=10)
