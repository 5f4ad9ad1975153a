"""Names looked at beside their first order, and by acmectl check."""

import http.server
import json
import threading

import pytest

from lib import process
from lib.site import Site

NAME, ELSEWHERE, QUIET = "www.example.org", "elsewhere.example.net", "quiet.example.com"
DEAD, STRANGE = "127.0.0.2", "127.0.0.3"  # addresses where nobody listens, and somebody else does


class Stranger(http.server.BaseHTTPRequestHandler):
    """Another server at the port of http-01."""

    def do_GET(self):
        body = b"a page of somebody else's"
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def stranger(ports):
    server = http.server.ThreadingHTTPServer((STRANGE, ports.http), Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def warnings(server):
    return [line for line in server.log.splitlines() if "preflight:" in line and "[warn" in line]


@pytest.mark.pebble(caa_identities=["pebble.example"])
def test_what_will_make_a_ca_fail_is_told_beside_the_first_order(server, pebble, dns, ports,
                                                                 stranger):
    dns.set_a(NAME, "127.0.0.1", DEAD)
    dns.set_caa("example.org", ("issue", "other.example"))
    dns.set_a(ELSEWHERE, STRANGE)
    dns.set_caa(QUIET, ("issue", "other.example"))
    looked = {"dns_resolver": dns.address, "preflight": f"on port={ports.http}"}
    server.configure([Site(NAME), Site(ELSEWHERE), Site(QUIET, acme="quiet")],
                     [pebble.issuer(**looked), pebble.issuer("quiet")])
    server.start()

    # A dead address and CAA of another CA: told, and this CA, which does not mind, issues.
    server.wait_for_certificate(NAME, pebble)
    line = server.wait_for_log(rf"{NAME}: preflight: ")[0]
    assert f"{DEAD} of {NAME} does not answer on port {ports.http}" in line, line
    assert "CAA of example.org allows only other.example" in line, line

    # Another server: the CA's own words, and beside them what was seen.
    finding = (f"port {ports.http} of {ELSEWHERE} ({STRANGE}) answers, but not from this server "
               "(HTTP status 404)")
    server.wait_for_log(rf"{ELSEWHERE}: order failed: .*unauthorized")

    def explained():
        told = {each["id"]: each.get("last_error") or ""
                for each in server.status()["certificates"]}
        return "unauthorized" in told[ELSEWHERE] and f"seen from here: {finding}" in told[ELSEWHERE]
    process.wait_until(explained, 10, "the finding in the status")
    assert finding in server.wait_for_log(rf"{ELSEWHERE}: preflight: ")[0]
    assert "somebody else's" not in "".join(warnings(server))

    # Switched off: nothing is said, and once is enough for the others.
    server.wait_for_certificate(QUIET, pebble)
    assert len(warnings(server)) == 2, warnings(server)

    # On demand, also what is well; again when it was mended; and not without a server.
    done = server.acmectl("check", NAME)
    assert done.status == 1 and "FAILS" in done.output and DEAD in done.output, done
    dns.clear_a(NAME)
    dns.clear_caa("example.org")
    done = server.acmectl("check", NAME, "--json")
    assert done.ok, done
    checks = json.loads(done.output)["names"][0]["checks"]
    assert [(each["what"], each["verdict"]) for each in checks] == [
        ("A 127.0.0.1", "good"), ("CAA", "good")], done
    done = server.acmectl("check", "nobody.example.org")
    assert done.status == 1 and "only names that are configured" in done.output, done
    server.stop()
    server.wait_for_no_helpers()
    done = server.acmectl("check", NAME)
    assert done.status == 1 and "only a running one can do that" in done.output, done
