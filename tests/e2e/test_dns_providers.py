"""DNS providers by themselves, with what they talk to: real name servers, real programs, and
Cloudflare's API as it was recorded (the exchange in tests/data/protocol)."""

import json
import os
import pwd
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lib import process
from lib.name_server import KINDS
from lib.site import Site
from lib.workspace import REPOSITORY, built

ZONE = "example.com"
APEX = f"_acme-challenge.{ZONE}"  # of example.com and *.example.com
THIRD = f"_acme-challenge.test1.test2.{ZONE}"
VALUES = ["BbRzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzE1I", "-SNzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzxi0",
          "g4KzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzPrg"]
RECORDS = [f"{APEX} {VALUES[0]} {ZONE} {ZONE}", f"{APEX} {VALUES[1]} {ZONE} {ZONE}",
           f"{THIRD} {VALUES[2]} {ZONE} test1.test2.{ZONE}"]


class Work:
    """What dns_record said: a line for each order, and the log."""

    def __init__(self, orders, provider, resolver="127.0.0.1:53"):
        done = subprocess.run([built("dns_record"), resolver, *map(str, provider)],
                              input="\n".join(orders) + "\n", text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.log = done.stderr
        assert done.returncode == 0, self.log
        self.lines = done.stdout.splitlines()
        assert len(self.lines) == sum(1 for order in orders if order)

    def ids(self):
        assert [line for line in self.lines if not line.startswith("ok")] == [], self.log
        return [line.partition(" ")[2] for line in self.lines]

    def error(self):
        assert len(self.lines) == 1 and self.lines[0].startswith("error "), self.lines
        return self.lines[0]


def set_all(provider, **options):
    return Work([f"set {record}" for record in RECORDS], provider, **options)


def remove_all(provider, **options):
    return Work([f"remove {record}" for record in RECORDS], provider, **options)


# ---- rfc2136

@pytest.mark.parametrize("kind, algorithm", [("bind", "hmac-sha256"), ("bind", "hmac-sha384"),
                                             ("knot", "hmac-sha384"), ("knot", "hmac-sha512")])
def test_records_are_set_and_removed_by_signed_updates(make_name_server, kind, algorithm):
    server = make_name_server(kind, algorithm=algorithm)
    provider = ["rfc2136", f"server={server.host}", f"key=file:{server.key_file}"]
    set_all(provider).ids()
    assert server.txt(APEX) == sorted(VALUES[:2])
    assert server.txt(THIRD) == [VALUES[2]]
    set_all(provider).ids()  # again: they are there
    assert server.txt(APEX) == sorted(VALUES[:2])
    # The server by its name; one value of two; then all, of which one is gone.
    by_name = [provider[0], f"server=ns1.{ZONE}", provider[2]]
    Work([f"remove {RECORDS[0]}"], by_name, resolver=server.address).ids()
    assert server.txt(APEX) == [VALUES[1]]
    remove_all(provider).ids()
    assert server.txt(APEX) == server.txt(THIRD) == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_a_name_server_refuses_is_told_with_what_to_do(make_name_server, folder, kind):
    server = make_name_server(kind)
    other = folder / "other.key"
    secret = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="

    def refused(key, record=RECORDS[0]):
        other.write_text(key)
        return Work([f"set {record}"],
                    ["rfc2136", f"server={server.host}", f"key=file:{other}"]).error()
    assert "knows no key other (BADKEY)" in refused(f"hmac-sha256:other:{secret}")
    assert "of the key acme is another one (BADSIG)" in refused(f"hmac-sha256:acme:{secret}")
    good = server.key_file.read_text()
    elsewhere = refused(good, f"_acme-challenge.example.net {VALUES[0]} example.net example.net")
    assert "NOTAUTH: it is not the primary of example.net" in elsewhere


@pytest.mark.servers("httpd")
def test_base_wildcard_and_third_name_by_knot(server, make_name_server, make_pebble):
    knot = make_name_server("knot", algorithm="hmac-sha512")
    ca = make_pebble("pebble", dns=knot, authorization_reuse=0)
    names = [ZONE, f"*.{ZONE}", f"test1.test2.{ZONE}"]
    provider = f"rfc2136 server={knot.host} key=file:{knot.key_file} zone={ZONE}"
    server.configure([Site(names)], [ca.issuer(dns=provider, dns_resolver=knot.address,
                                               challenge="dns-01")])
    server.start()
    server.wait_for_certificate(f"shop.{ZONE}", ca, names=names)
    process.wait_until(lambda: not knot.txt(APEX) + knot.txt(THIRD), 10, "records gone")


# ---- cloudflare

class Recorded:
    """Cloudflare's API: the requests of the record, each with its own answer, and no others."""

    def __init__(self):
        exchange = json.loads((REPOSITORY / "tests/data/protocol/002_exchange.json").read_text())
        self.exchange = [each for each in exchange
                         if ["Host", "api.cloudflare.com"] in each["request"]["headers"]]
        self.seen = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do(self):
                outer.answer(self)
            do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do

            def log_message(self, *_):
                pass
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self._server.server_port}/client/v4"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        with self._lock:
            self.seen.append((handler.command, handler.path, handler.headers["Authorization"],
                              json.loads(body) if body else None))
            left = [each for each in self.exchange if not each.get("done")
                    and self.is_asked(each["request"], self.seen[-1])]
            if left:
                left[0]["done"] = True
        text = left[0]["response"]["body"] if left else '{"success": false}'
        # The record was edited for print: "…},]" is no JSON.
        text = re.sub(r",(\s*[}\]])", r"\1", text).encode()
        handler.send_response(left[0]["response"]["status"] if left else 418)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    @staticmethod
    def is_asked(request, seen):
        """By method and path, and the record itself; the recorded one has two dates more."""
        method, path, _ = request["line"].split(" ")
        wanted = json.loads(request["body"]) if request["body"] else None
        if wanted:
            wanted = {key: wanted[key] for key in ("type", "name", "content", "ttl")}
        return (method, path, wanted) == (seen[0], seen[1], seen[3])

    def tokens(self):
        """As recorded, in the recorded order."""
        return [dict(each["request"]["headers"])["Authorization"] for each in self.exchange]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def recorded():
    api = Recorded()
    yield api
    api.close()


def test_cloudflare_is_asked_as_in_the_recorded_exchange(recorded, folder):
    posts = [json.loads(each["request"]["body"]) for each in recorded.exchange
             if each["method"] == "POST"]
    assert len(posts) == 3
    for number in (1, 2):
        (folder / f"token{number}").write_text(f"<bearer_token_{number}>\n")
    provider = ["cloudflare", f"zone_token=file:{folder}/token1", f"token=file:{folder}/token2",
                f"base_url={recorded.url}"]
    records = [f"{post['name']} {post['content']} {ZONE} {post['name']}" for post in posts]
    orders = [f"set {record}" for record in records] + [""]
    # The ids that its answers had; what is removed needs no zone any more.
    ids = [json.loads(re.sub(r",(\s*[}\]])", r"\1", each["response"]["body"]))["result"]
           for each in recorded.exchange if each["method"] == "POST"]
    orders += [f"remove {record} {found['zone_id']}/{found['id']}"
               for record, found in zip(records, ids)]
    work = Work(orders, provider)
    assert work.ids()[:3] == [f"{found['zone_id']}/{found['id']}" for found in ids]
    assert all(each.get("done") for each in recorded.exchange)
    assert len(recorded.seen) == len(recorded.exchange) == 7
    assert [seen[0] for seen in recorded.seen] == [each["method"] for each in recorded.exchange]
    assert [seen[2] for seen in recorded.seen] == recorded.tokens()
    assert "bearer_token" not in work.log + "\n".join(work.lines)


# ---- programs

def dehydrated_hook(server, folder):
    """Debian's example, whose example line for nsupdate is made to count."""
    text = Path("/usr/share/doc/dehydrated/examples/hook.sh").read_text()
    text = re.sub(r"^    # (printf .*nsupdate)", r"    \1", text, flags=re.MULTILINE)
    assert "\n    printf 'server 127.0.0.1\\nupdate add" in text
    text = text.replace("server 127.0.0.1", f"server {server.host}")
    text = text.replace("/var/run/named/session.key", str(server.key_file))
    path = folder / "hook.sh"
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_dehydrateds_own_hook_sets_and_removes(make_name_server, folder):
    server = make_name_server("bind")
    provider = ["exec", "style=dehydrated", f"program={dehydrated_hook(server, folder)}"]
    set_all(provider).ids()
    assert server.txt(APEX) == sorted(VALUES[:2])
    assert server.txt(THIRD) == [VALUES[2]]
    remove_all(provider).ids()
    assert server.txt(THIRD) == []


def test_lexicon_sets_and_removes_with_its_secret_in_the_environment(make_name_server, folder):
    server = make_name_server("bind")
    algorithm, secret = re.search(r'algorithm (.*);\s*secret "(.*)"',
                                  server.key_file.read_text()).groups()
    token = folder / "token"
    token.write_text(f"{algorithm}:acme:{secret}\n")
    provider = ["lexicon", "provider=ddns", f"LEXICON_DDNS_TOKEN=file:{token}",
                f"LEXICON_DDNS_DDNS_SERVER={server.host}"]
    Work([f"set {RECORDS[0]}", f"set {RECORDS[1]}", f"remove {RECORDS[0]}"], provider).ids()
    assert server.txt(APEX) == [VALUES[1]]
    # What it says of a mistake comes to the operator, without the secret.
    wrong = Work([f"set {RECORDS[0]}"], ["lexicon", "provider=nobody", f"LEXICON_X_KEY=file:{token}"])
    assert "lexicon nobody ended with status 2" in wrong.error()
    assert secret not in wrong.log + wrong.error()


# What acme.sh is to its scripts; Debian has the real one from 13 on.
ACME_SH = r"""#!/bin/sh
_initpath() { : "${LE_CONFIG_HOME:?}" && touch "$LE_CONFIG_HOME/account.conf"; }
_info() { printf '%s\n' "$*"; }
_err() { printf '%s\n' "$*" >&2; return 1; }
_saveaccountconf_mutable() { printf "SAVED_%s='%s'\n" "$1" "$2" >>"$LE_CONFIG_HOME/account.conf"; }
main() { [ -z "$1" ] && echo "a page of help" && return; "$@"; }
main "$@"
"""
DNS_TEST = r"""#!/bin/sh
dns_test_add() {
  _saveaccountconf_mutable Test_Token "$Test_Token"
  _info "adding with $Test_Token in $LE_CONFIG_HOME"
  printf '%s %s\n' "$1" "$2" >>"$Test_Records"
}
dns_test_rm() {
  grep -q -x -F -e "$1 $2" "$Test_Records" || { _err "no such record"; return 1; }
  grep -v -x -F -e "$1 $2" "$Test_Records" >"$Test_Records.new"
  mv "$Test_Records.new" "$Test_Records"
}
"""


def test_a_dnsapi_script_of_acme_sh_is_called_in_its_own_shell(folder):
    (folder / "acme.sh").write_text(ACME_SH)
    (folder / "dns_test.sh").write_text(DNS_TEST)
    (folder / "token").write_text("s3cret-token")
    records = folder / "records"
    records.write_text("")
    provider = ["acme.sh", "plugin=dns_test", f"program={folder}/acme.sh", f"dnsapi={folder}",
                f"Test_Token=file:{folder}/token", f"Test_Records={records}", f"TMPDIR={folder}"]
    added = set_all(provider)
    added.ids()
    assert records.read_text().splitlines() == [" ".join(each.split()[:2]) for each in RECORDS]
    assert "s3cret" not in added.log and "adding with *** in" in added.log
    assert "a page of help" not in added.log
    remove_all(provider).ids()
    assert records.read_text() == ""
    assert "its last words: no such record" in Work([f"remove {RECORDS[0]}"], provider).error()
    assert not list(folder.glob("tmp.*")), "what a script has saved is gone with it"


# lego's raw mode: what stands in the record is the hook's to know.
RAW_HOOK = r"""#!/bin/sh -e
id -un >>"$Record_Of_Users"
value=$(printf %s "$5" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =)
[ "${5%%.*}" = "$4" ]
[ "$1" = present ] && verb="add" || verb="delete"
printf 'server %s\nupdate %s _acme-challenge.%s 60 TXT "%s"\nsend\n' \
  "$Server" $verb "$3" "$value" | nsupdate -k "$Key"
"""


@pytest.mark.servers("nginx")
def test_a_hook_in_legos_raw_mode_proves_names_as_the_agents_user(
        server, make_name_server, make_pebble, folder, monkeypatch):
    bind = make_name_server("bind")
    # As systemd does it: only root reads what is there.
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700)
    (credentials / "where").write_text(bind.host)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    ca = make_pebble("pebble", dns=bind, authorization_reuse=0)
    bind.key_file.chmod(0o644)
    users = folder / "users"
    users.write_text("")
    users.chmod(0o666)
    hook = folder / "raw"
    hook.write_text(RAW_HOOK)
    hook.chmod(0o755)
    names = [ZONE, f"*.{ZONE}"]
    provider = (f"exec program={hook} style=lego-raw Server=credential:where Key={bind.key_file} "
                f"Record_Of_Users={users}")
    server.configure([Site(names)], [ca.issuer(dns=provider, dns_resolver=bind.address,
                                               challenge="dns-01")])
    server.start()
    server.wait_for_certificate(f"shop.{ZONE}", ca, names=names)
    process.wait_until(lambda: not bind.txt(APEX), 10, "records gone")
    assert users.read_text().split() == [pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name
                                         for pid in server.helpers()["agent"]] * 4
