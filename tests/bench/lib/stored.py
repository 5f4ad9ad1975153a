"""A store full of certificates, as it is after years of operation: what a start and
a reload of the server read. Made without a CA, so that ten thousand cost seconds.

    Chain().fill(state_path, [["s1.example.org"], …], directory_url)

writes what docs/STORE.md describes; nothing of it is due."""

import datetime
import hashlib
import json
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

DAY = datetime.timedelta(days=1)
# Of the size that the timestamps in certificates of public CAs have.
TIMESTAMPS = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.55555.1"), bytes(243))


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def rfc3339(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def seal(data):
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def configuration_digest(names, directory_url, slug="ecdsa-256", profile=""):
    """What the keeper takes for the same configuration as before (keeper/certificates.cpp)."""
    text = f"{' '.join(sorted(names))}\n{slug}\n{directory_url} {profile}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Chain:
    """An authority with an intermediate, which signs leaves of 90 days."""

    def __init__(self):
        self.now = datetime.datetime.utcnow().replace(microsecond=0)
        self._root_key, self._key = ec.generate_private_key(ec.SECP256R1()), \
            ec.generate_private_key(ec.SECP256R1())
        root = self._name("Bench Root")
        self._issuer = self._name("Bench Intermediate")
        self.root = self._ca(root, root, self._root_key, self._root_key)
        self.intermediate = self._ca(self._issuer, root, self._key, self._root_key)
        self._identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        self._intermediate_pem = self.intermediate.public_bytes(serialization.Encoding.PEM)

    @staticmethod
    def _name(text):
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "acmecore"),
                          x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def _ca(self, subject, issuer, key, signer):
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(self.now - 365 * DAY).not_valid_after(self.now + 3650 * DAY)
                .add_extension(x509.BasicConstraints(True, None), critical=True)
                .sign(signer, hashes.SHA256()))

    def issue(self, names):
        """(key, chain, certificate): PEM, PEM, object."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self._issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(self.now - DAY).not_valid_after(self.now + 89 * DAY)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(self._identifier, False)
            .add_extension(TIMESTAMPS, False)
            .sign(self._key, hashes.SHA256()))
        chain = certificate.public_bytes(serialization.Encoding.PEM) + self._intermediate_pem
        return key_pem(key), chain, certificate

    def fill(self, state_path, lineages, directory_url, issuer="bench"):
        """One version for each list of names; its id is the first one."""
        os.makedirs(state_path, mode=0o700, exist_ok=True)
        os.chmod(state_path, 0o700)
        self._write(state_path, "VERSION", b"1\n")
        for names in lineages:
            self._write_lineage(state_path, names, directory_url, issuer)

    def _write_lineage(self, state_path, names, directory_url, issuer):
        key, chain, certificate = self.issue(names)
        lineage = os.path.join(state_path, "certs", names[0], "ecdsa-256")
        version = os.path.join(lineage, "00000001")
        os.makedirs(version, mode=0o700)
        meta = {
            "names": sorted(names),
            "not_before": rfc3339(certificate.not_valid_before),
            "not_after": rfc3339(certificate.not_valid_after),
            "serial": f"{certificate.serial_number:040x}",
            "issuer_name": "Bench Intermediate",
            "issuer": issuer,
            "directory_url": directory_url,
            "order_url": f"{directory_url}/order/{certificate.serial_number % 10**9}",
            "stored": rfc3339(self.now),
            "fullchain": seal(chain),
            "privkey": seal(key),
        }
        state = {
            # Within what the default policy may choose, so that it is not chosen anew.
            "renew_at": rfc3339(certificate.not_valid_after - 31 * DAY),
            "last_try": rfc3339(self.now - DAY),
            "failures": 0,
            "configuration": configuration_digest(names, directory_url),
            "renewal_requested": False,
            "failed_validations": [],
        }
        self._write(version, "fullchain.pem", chain)
        self._write(version, "privkey.pem", key)
        self._write(version, "meta.json", (json.dumps(meta, indent=2) + "\n").encode())
        self._write(lineage, "state.json", (json.dumps(state, indent=2) + "\n").encode())
        os.symlink("00000001", os.path.join(lineage, "current"))

    @staticmethod
    def _write(folder, name, data):
        with open(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "wb") as file:
            file.write(data)
