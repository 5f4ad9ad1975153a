"""Pebble, the test CA, on free loopback ports with a configuration of its own."""

import json
import os
import re
import ssl
import subprocess
import urllib.error
import urllib.request

from cryptography import x509

from .ports import free_port
from .process import Process, wait_until
from .site import Issuer
from .workspace import REPOSITORY


def program():
    """Path of Pebble, fetched when it is not there yet. scripts/test names it in PEBBLE."""
    return subprocess.run([REPOSITORY / "scripts" / "pebble"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


class Pebble:
    """Its state is in memory: a restart forgets accounts and orders. A test of a CA that
    is away for a while therefore puts a Relay or a FaultProxy in front.

    validity: seconds a certificate lives. profiles: {name: seconds}, instead.
    nonce_reject: percent of good nonces that are refused.
    authorization_reuse: percent of valid authorizations used again (Pebble's own default: 50).
    retry_after: upper bounds of Retry-After at (authorization, order); Pebble's example: (3, 5).
    caa_identities: its own domain names; dns-persist-01 wants one in its record.
    sleep: upper bound of the random seconds before a validation; 0: none.
    """

    def __init__(self, folder, authority, dns, http_port, tls_port, *, validity=7776000,
                 profiles=None, nonce_reject=5, authorization_reuse=50, retry_after=(1, 1),
                 sleep=0, alternate_roots=0, chain_length=1, always_valid=False, eab_keys=None,
                 blocked=(), strict=False, caa_identities=()):
        self.folder = folder
        self.authority = authority
        self.port = free_port()
        self.management_port = free_port()
        certificate, key = authority.issue("localhost", "acme.example.com", "127.0.0.1")
        profiles = profiles or {"default": validity}
        configuration = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management_port}",
            "certificate": str(certificate),
            "privateKey": str(key),
            "httpPort": http_port,
            "tlsPort": tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": bool(eab_keys),
            "externalAccountMACKeys": eab_keys or {},
            "domainBlocklist": list(blocked),
            "caaIdentities": list(caa_identities),
            "retryAfter": {"authz": retry_after[0], "order": retry_after[1]},
            "keyAlgorithm": "ecdsa",
            "profiles": {name: {"description": f"profile {name}", "validityPeriod": seconds}
                         for name, seconds in profiles.items()},
        }
        path = folder / "pebble.json"
        path.write_text(json.dumps({"pebble": configuration}, indent=2))
        environment = {
            "PEBBLE_WFE_NONCEREJECT": str(nonce_reject),
            "PEBBLE_AUTHZREUSE": str(authorization_reuse),
            "PEBBLE_ALTERNATE_ROOTS": str(alternate_roots),
            "PEBBLE_CHAIN_LENGTH": str(chain_length),
            **({"PEBBLE_VA_SLEEPTIME": str(sleep)} if sleep else {"PEBBLE_VA_NOSLEEP": "1"}),
            **({"PEBBLE_VA_ALWAYS_VALID": "1"} if always_valid else {}),
        }
        arguments = [os.environ.get("PEBBLE") or program(), "-config", path, "-dnsserver",
                     dns.address] + (["-strict"] if strict else [])
        self._process = Process(arguments, folder / "pebble.log", environment)

    def start(self):
        self._process.start()
        wait_until(self._answers, 10, "Pebble answers")
        return self

    def stop(self):
        self._process.stop()

    @property
    def pid(self):
        return self._process.popen.pid

    def logs(self):
        return {"pebble": self._process.log_text()}

    def issuer(self, name="pebble", **settings):
        """The issuer block that a server is configured with to use this CA directly. Preflight
        is off: it would ask the machine's own name servers."""
        return Issuer(name, f"https://localhost:{self.port}/dir",
                      {"ssl_trusted_certificate": str(self.authority.root), "preflight": "off",
                       **settings})

    # What happened, from Pebble's own log.

    def orders(self):
        return len(re.findall(r"Added order ", self._process.log_text()))

    def issued(self):
        return len(re.findall(r"Issued certificate serial ", self._process.log_text()))

    def accounts(self):
        counts = re.findall(r"There are now (\d+) accounts", self._process.log_text())
        return int(counts[-1]) if counts else 0

    # The management interface.

    def root(self, number=0):
        """The root that its certificates lead to, as PEM: new at each start."""
        return self._management(f"/roots/{number}").decode()

    def common_name_of_root(self, number=0):
        root = x509.load_pem_x509_certificate(self.root(number).encode())
        return root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value

    def intermediate(self, number=0):
        return self._management(f"/intermediates/{number}").decode()

    def status_of(self, serial):
        """{"Status": "Valid" | "Revoked", "Certificate": PEM, …} of a hexadecimal serial."""
        return json.loads(self._management(f"/cert-status-by-serial/{serial}"))

    def set_renewal_info(self, certificate_pem, response):
        """From now on ARI for this certificate answers with this text, JSON or not."""
        self._management("/set-renewal-info/",
                         json.dumps({"Certificate": certificate_pem, "ARIResponse": response}))

    def _management(self, path, body=None):
        return self._fetch(f"https://127.0.0.1:{self.management_port}{path}", body)

    def directory(self):
        return json.loads(self._fetch(f"https://127.0.0.1:{self.port}/dir"))

    def _fetch(self, url, body=None):
        context = ssl.create_default_context(cafile=str(self.authority.root))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=context))
        with opener.open(url, body.encode() if body else None, timeout=10) as answer:
            return answer.read()

    def _answers(self):
        if not self._process.running:
            raise RuntimeError("Pebble ended: " + self._process.log_text())
        try:
            return bool(self.directory() and self.root())
        except (OSError, urllib.error.URLError):
            return False
