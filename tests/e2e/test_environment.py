"""Faults of the environment never stop a server: it serves what it has, and says so."""

import os
import shutil

import pytest

from lib.site import Site

NAME = "www.example.org"


@pytest.fixture
def issued(server, pebble, relay):
    """A server with a certificate, stopped, whose CA is away from now on."""
    server.configure([Site(NAME)], [relay.issuer(pebble)])
    server.start()
    certificate = server.wait_for_certificate(NAME, pebble)
    server.wait_for_log("certificate obtained")
    server.stop()
    server.wait_for_no_helpers()
    relay.refuse()
    return certificate


def lineage(server):
    return next((server.state_path / "certs").glob("*/*"))


def test_a_cold_restart_without_ca_serves_what_is_stored(server, pebble, issued):
    server.start()
    assert server.handshake(NAME, pebble.root()).serial == issued.serial


def test_a_start_without_a_store_works_with_a_placeholder(server, pebble, issued):
    shutil.rmtree(server.state_path)
    server.start()
    assert not server.handshake(NAME).from_pebble
    assert server.http_get(NAME).status == 200


def test_a_start_with_an_unreadable_store_serves_and_says_so(server, pebble, issued):
    shutil.rmtree(server.state_path)
    server.state_path.write_text("not a folder")
    server.start()
    assert server.http_get(NAME).status == 200
    server.wait_for_log(r"\[error\].*state")


def test_a_read_only_store_serves(server, pebble, issued, request):
    import subprocess
    subprocess.run(["mount", "--bind", server.state_path, server.state_path], check=True)
    request.addfinalizer(lambda: subprocess.run(["umount", "-l", server.state_path]))
    subprocess.run(["mount", "-o", "remount,ro,bind", server.state_path], check=True)
    server.start()
    assert server.handshake(NAME, pebble.root()).serial == issued.serial
    server.wait_for_log(r"\[error\].*[Rr]ead-only")
    server.stop()


def test_a_damaged_entry_is_set_aside_and_the_version_before_serves(server, pebble, relay, issued):
    relay.accept()
    server.start()
    assert server.acmectl("renew", NAME).ok
    second = server.wait_for_certificate(NAME, pebble, unlike=issued)
    server.wait_for_log("certificate obtained", count=2)
    server.stop()
    server.wait_for_no_helpers()
    relay.refuse()
    current = lineage(server) / os.readlink(lineage(server) / "current")
    chain = current / "fullchain.pem"
    chain.write_bytes(chain.read_bytes()[:-100])
    server.start()
    assert server.handshake(NAME, pebble.root()).serial == issued.serial
    assert second.serial != issued.serial
    server.wait_for_log(r"\[error\].*damaged")


def test_a_damaged_only_entry_gives_a_placeholder_and_a_new_order(server, pebble, relay, issued):
    current = lineage(server) / os.readlink(lineage(server) / "current")
    (current / "privkey.pem").write_text("garbage")
    relay.accept()
    server.start()
    assert server.wait_for_certificate(NAME, pebble, unlike=issued)


def test_a_helper_that_cannot_be_started_leaves_the_server_serving(server, pebble, issued):
    (server.programs / "acme-keeper").chmod(0o600)
    server.start()
    assert server.handshake(NAME, pebble.root()).serial == issued.serial
    server.wait_for_log(r"\[error\].*acme-keeper")


def test_an_agent_that_cannot_be_started_leaves_the_server_serving(server, pebble, relay, issued):
    (server.programs / "acme-agent").chmod(0o600)
    server.start()
    assert server.handshake(NAME, pebble.root()).serial == issued.serial
    server.wait_for_log(r"\[error\].*acme-agent")
    # Mended without a reload: it is tried again.
    (server.programs / "acme-agent").chmod(0o755)
    server.wait_for_helpers(timeout=20)


def test_a_ca_whose_name_does_not_resolve_is_said_in_the_log(server, pebble):
    issuer = pebble.issuer()
    issuer.directory = "https://ca.invalid/dir"
    server.configure([Site(NAME)], [issuer])
    server.start()
    assert server.http_get(NAME).status == 200
    line = server.wait_for_log(r"ca\.invalid")[0]
    assert "next try" in line or "tried again" in line, line


def test_an_unknown_agent_user_is_an_error_line_and_no_more(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer()], {"user": "nobody-knows-this-user"})
    server.start()
    server.wait_for_log(r"\[error\].*nobody-knows-this-user")
    server.wait_for_certificate(NAME, pebble)
