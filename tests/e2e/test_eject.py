"""`acmectl eject`: the module is taken out as it says, and nobody who connects sees it."""

from lib import client, ejected
from lib.site import Site

ONE, TWO = "one.example.org", "two.example.org"


def test_a_server_goes_on_without_the_module(server, pebble):
    pages = server.state_page("/state") + "\n    " + server.status_page("/status")
    server.configure([Site([ONE, "alias.example.org"], more=pages), Site(TWO)],
                     [pebble.issuer(key="ecdsa:256 rsa:2048")], {"renew": "33%"})
    server.start()
    server.wait_for_log("certificate obtained", count=4, timeout=60)

    def served():
        return {(name, kind): client.pick(server.tls_port, name, version="1.2",
                                          signatures=signatures)[0].serial
                for name in (ONE, TWO) for kind, signatures in client.SIGNATURES.items()}

    before = served()
    assert len(set(before.values())) == 4
    told = server.acmectl("eject")
    assert told.ok and f" {ONE} alias.example.org:\n" in told.output, told
    ejected.follow(told.output)
    server.reload()
    server.wait_for_no_helpers(10)
    assert "acme_module" not in server.configuration.read_text()
    assert served() == before
