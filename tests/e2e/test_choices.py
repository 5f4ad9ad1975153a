"""What an operator may ask a CA for beside names: a profile, a chain, a common name."""

import datetime

import pytest
from lib.site import Site

NAME = "www.example.org"


def lifetime(certificate):
    return certificate.not_after - certificate.not_before


@pytest.mark.pebble(profiles={"classic": 7776000, "minute": 60})
def test_a_required_profile_is_had_and_its_short_certificates_are_renewed_in_time(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer(profile="minute require")])
    server.start()
    first = server.wait_for_certificate(NAME, pebble)
    assert lifetime(first) <= datetime.timedelta(minutes=2)
    second = server.wait_for_certificate(NAME, pebble, unlike=first, timeout=60)
    assert second.not_before < first.not_after


@pytest.mark.pebble(profiles={"classic": 7776000})
def test_a_profile_that_the_ca_does_not_offer(server, pebble):
    server.configure([Site(NAME), Site("strict.example.org", acme="strict")],
                     [pebble.issuer(profile="tlsserver"),
                      pebble.issuer("strict", profile="tlsserver require")])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    words = 'the CA does not offer the profile "tlsserver"; it offers classic'
    server.wait_for_log(f"pebble: {words}: certificates are ordered without one")
    server.wait_for_log(f"strict.example.org: order failed: {words}, and it is required; next try")
    assert pebble.orders() == 1


@pytest.mark.pebble(alternate_roots=2, chain_length=2)
def test_the_preferred_chain_is_served(server, pebble):
    wanted = pebble.common_name_of_root(1)
    server.configure([Site(NAME), Site("lost.example.org", acme="lost")],
                     [pebble.issuer(preferred_chain=f'"{wanted}"'),
                      pebble.issuer("lost", preferred_chain='"Lost Root"')])
    server.start()
    certificate = server.wait_for_certificate(NAME, pebble, root=1)
    with pytest.raises(OSError):
        server.handshake(NAME, pebble.root(0))
    # None of that name: the default, and a line that says so.
    server.wait_for_certificate("lost.example.org", pebble, root=0)
    line, = server.wait_for_log('lost: the preferred chain "Lost Root" is not among those')
    assert f'"{wanted}"' in line
    assert server.handshake(NAME, pebble.root(1)).serial == certificate.serial


def test_a_common_name_stands_in_the_request_where_it_is_wanted(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer(common_name_in_csr="on")])
    server.start()
    certificate = server.wait_for_certificate(NAME, pebble)
    assert certificate.names == [NAME]
