"""A thousand virtual hosts with new domains: all answer, and there is nothing to read in the
log. How fast they are up is measured by tests/bench."""

import re

import pytest

from lib.site import Issuer, Site

pytestmark = pytest.mark.servers("httpd")

NAMES = [f"s{number}.example.org" for number in range(1000)]


def test_a_thousand_new_hosts_answer_and_fill_no_log(server):
    server.configure([Site(name, acme="away", plain=None) for name in NAMES],
                     [Issuer("away", "https://127.0.0.1:9/dir")])
    server.start()
    placeholders = list((server.state_path / "placeholders").glob("*.crt"))
    assert len(placeholders) == len(NAMES)
    for name in (NAMES[0], NAMES[500], NAMES[-1]):
        assert server.https_get(name).text == f"this is {name}\n"
    server.reload()
    assert server.https_get(NAMES[-1]).status == 200
    loud = [line for line in server.log.splitlines()
            if re.search(r"\[(warn|error|crit|alert|emerg)\]", line)]
    assert len(loud) < 20, loud[:20]
