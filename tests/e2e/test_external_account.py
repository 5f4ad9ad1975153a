"""External account binding: a CA that makes accounts for its customers only."""

import base64

import pytest

from lib.site import Site

NAME = "www.example.org"
KID = "kid-1"
KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"

pytestmark = pytest.mark.pebble(eab_keys={KID: KEY})


def check_never_shown(server):
    """The key stands in no log, no state file and no status."""
    texts = [server.log, *(path.read_text(errors="replace") for path in server.state_path.rglob("*")
                           if path.is_file() and not path.is_symlink())]
    for text in texts:
        assert KEY not in text and KEY[:20] not in text


def test_an_account_is_bound_with_a_key_from_a_file(server, pebble, folder):
    path = folder / "eab.key"
    # As some CAs show it: padded, and with the line's end that an editor leaves.
    path.write_text(base64.urlsafe_b64encode(base64.urlsafe_b64decode(KEY)).decode() + "\n")
    path.chmod(0o600)
    server.configure([Site(NAME)], [pebble.issuer(external_account_key=f"{KID} {path}")])
    server.start()
    server.wait_for_certificate(NAME, pebble)
    check_never_shown(server)


@pytest.mark.servers("nginx")
def test_an_inline_key_works_and_is_warned_of(server, pebble):
    server.configure([Site(NAME)], [pebble.issuer(external_account_key=f"{KID} data:{KEY}")])
    done = server.test()
    assert done.ok and "stands in the configuration (external_account_key" in done.output, done
    assert KEY not in done.output
    server.start()
    server.wait_for_certificate(NAME, pebble)
    check_never_shown(server)


@pytest.mark.servers("nginx")
def test_what_is_missing_or_wrong_is_said_and_mended_by_a_reload(server, pebble, folder):
    server.configure([Site(NAME)], [pebble.issuer()])
    server.start()
    server.wait_for_log("order failed: the CA makes accounts only for those who have one there")
    server.configure([Site(NAME)], [pebble.issuer(
        external_account_key=f"{KID} {folder}/missing.key")])
    server.reload()
    server.wait_for_log("external account kid-1 cannot be bound: .*missing.key: No such file")
    path = folder / "missing.key"
    path.write_text(KEY[:-4] + "AAAA")
    assert server.acmectl("renew", NAME).ok
    server.wait_for_log("order failed: .*(MAC|HMAC|verif|unauthorized|malformed)")
    path.write_text(KEY)
    assert server.acmectl("renew", NAME).ok
    server.wait_for_certificate(NAME, pebble)
