"""A configuration that was written for nginx's own ACME module, with every parameter that
it has: only load_module is another, and what belongs to the machine of the test."""

import pytest

from lib.workspace import built

pytestmark = pytest.mark.servers("nginx")

# In the manner of that module's documentation. ssl_certificate_cache stands there, too: it is
# nginx's own directive from 1.27.4 on.
CONFIGURATION = """\
resolver {resolver};

acme_issuer example {{
    uri         https://acme.example.com:{pebble.port}/dir;
    contact     admin@example.test;
    state_path  {server.folder}/acme-example;
    ssl_trusted_certificate {pebble.authority.root};
    accept_terms_of_service;
}}

acme_issuer other {{
    uri                 https://localhost:{pebble.port}/dir;
    account_key         rsa:2048;
    challenge           tls-alpn;
    common_name_in_csr  on;
    contact             mailto:admin@example.test;
    contact             other@example.test;
    preferred_chain     "{chain}";
    profile             hour require;
    ssl_verify          off;
    state_path          off;
    accept_terms_of_service;
}}

acme_shared_zone zone=ngx_acme_shared:1M;

ssl_certificate       $acme_certificate;
ssl_certificate_key   $acme_certificate_key;

server {{
    listen 127.0.0.1:{server.tls_port} ssl;
    server_name  .example.test;

    acme_certificate example;

    ssl_certificate       $acme_certificate;
    ssl_certificate_key   $acme_certificate_key;
    return 200 "at $host\\n";
}}

server {{
    listen 127.0.0.1:{server.tls_port} ssl;
    server_name  _ ~^other;
    acme_certificate other other.test 127.0.0.1 key=rsa:2048;
    return 200 "the other\\n";
}}

server {{
    # for http-01
    listen 127.0.0.1:{server.http_port};

    location / {{
        return 404;
    }}
}}
"""


def configure(server, text):
    server.write("\n".join([
        f"load_module {built('ngx_acme_module.so')};", "user nobody nogroup;",
        f"pid {server.folder}/nginx.pid;", f"error_log {server.error_log} info;",
        "events { }", "http {", "access_log off;",
        *(f"{kind}_temp_path {server.folder}/temp/{kind};"
          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
        f"acme_state_path {server.state_path};", f"acme_runtime_path {server.runtime_path};",
        f"acme_helper_path {server.programs};", text, "}", ""]))


@pytest.mark.pebble(profiles={"default": 7776000, "hour": 3600}, alternate_roots=1)
def test_a_site_moves_by_changing_load_module(server, pebble, dns):
    chain = pebble.common_name_of_root(1)
    configure(server, CONFIGURATION.format(server=server, pebble=pebble, chain=chain,
                                           resolver=dns.address))
    done = server.test()
    assert done.ok, done
    server.start()
    # A leading dot stands for the name and www, as it does there.
    certificate = server.wait_for_certificate("example.test", pebble,
                                              names=["example.test", "www.example.test"])
    assert server.handshake("www.example.test", pebble.root()).serial == certificate.serial
    assert server.https_get("example.test", trust=pebble.root()).text == "at example.test\n"

    other = server.wait_for_certificate("127.0.0.1", pebble, names=["127.0.0.1", "other.test"],
                                        key="rsa:2048", root=1)
    assert (other.not_after - other.not_before).total_seconds() < 7200
    server.allow_log("the TLS certificate of the CA \"other\" is not checked")
    # Neither a certificate nor a key is ever the value of a variable.
    assert not (server.folder / "acme-example").exists()
    assert "PRIVATE KEY" not in server.log
    assert pebble.accounts() == 2


def test_a_ca_that_the_resolver_does_not_know_is_told_with_its_address(server, pebble, dns):
    dns.set_servfail("acme.example.com")
    configure(server, CONFIGURATION.format(server=server, pebble=pebble, chain="none",
                                           resolver=dns.address))
    server.start()
    server.wait_for_log(f"acme.example.com cannot be resolved by {dns.address}: SERVFAIL")
    dns.clear_servfail("acme.example.com")
    server.wait_for_certificate("example.test", pebble, timeout=60)


@pytest.mark.parametrize("line, words", [
    ("acme_shared_zone ngx_acme_shared:1M;", "zone=name:size"),
    ("acme_issuer a { accept_terms_of_service on; }", '"accept_terms_of_service" takes no value'),
    ("acme_issuer a { profile x must; }", '"must" behind the profile\'s name'),
    ("acme_issuer a { common_name_in_csr yes; }", "neither on nor off"),
    ("acme_issuer a { challenge dns; }", "needs a DNS provider"),
])
def test_what_that_module_refuses_is_refused_here(server, line, words):
    configure(server, line)
    done = server.test()
    assert not done.ok and words in done.output, done
    server.allow_log(r"\[emerg\]")
