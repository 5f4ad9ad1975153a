"""The operator's own file is a bridge: not one untrusted handshake on the way in or out."""

import time

from lib.site import Site
from lib.strict import StrictClient

NAME = "www.example.org"


def test_acme_on_and_off_again_under_a_strict_client(server, pebble, authority):
    own = authority.issue(NAME)
    roots = [authority.root.read_text(), pebble.root()]
    server.configure([Site(NAME, acme=None, own=own)])
    server.start()
    with StrictClient(server.tls_port, NAME, roots) as strict:
        file_serial = server.handshake(NAME).serial
        server.configure([Site(NAME, own=own)], [pebble.issuer()])
        server.reload()
        managed = server.wait_for_certificate(NAME, pebble)
        assert managed.serial != file_serial
        time.sleep(0.3)
        server.configure([Site(NAME, acme=None, own=own)])
        server.reload()
        assert server.handshake(NAME).serial == file_serial
        time.sleep(0.3)
    strict.check(at_least=20)
    assert file_serial in strict.serials and managed.serial in strict.serials


def test_the_state_is_told_to_the_configuration(server, pebble, relay, authority):
    own = authority.issue("own.example.org")
    relay.refuse()
    say = server.state_page("/state")
    server.configure([Site(NAME, more=say), Site("own.example.org", own=own, more=say)],
                     [relay.issuer(pebble)])
    server.start()

    def state(name):
        return server.https_get(name, "/state").text
    assert state(NAME) == "placeholder"
    assert state("own.example.org") == "bridge"
    relay.accept()
    server.wait_for_certificate(NAME, pebble, timeout=60)
    assert state(NAME) == "ready"
