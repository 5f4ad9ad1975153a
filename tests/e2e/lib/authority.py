"""A small certificate authority of the tests' own: for the TLS of Pebble and the
proxy, and for the files of an operator's own certificate."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _general_name(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Authority:
    def __init__(self, folder, label="acmecore test authority"):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(label)
        self.certificate = self._build(self.name, self.key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
                self.key, hashes.SHA256())
        self.root = folder / "root.pem"  # what a client trusts
        self.root.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def forge(self, chain, *, names=None, key=None, days=30):
        """A chain like this one, as PEM, but signed here and wrong in one point: for other names,
        for another public key, or expired (negative days)."""
        leaf = x509.load_pem_x509_certificate(chain)
        names = names or leaf.extensions.get_extension_for_class(
            x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
        forged = self._build(_name(names[0]), key or leaf.public_key(), days).add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]),
            critical=False).sign(self.key, hashes.SHA256())
        return forged.public_bytes(serialization.Encoding.PEM) + self.root.read_bytes()

    def _build(self, subject, public_key, days=30, age=0):
        now = datetime.datetime.utcnow()
        began = now - datetime.timedelta(days=age, hours=1) + datetime.timedelta(days=min(days, 0) * 2)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                .public_key(public_key).serial_number(x509.random_serial_number())
                .not_valid_before(began)
                .not_valid_after(now + datetime.timedelta(days=days)))

    def issue(self, *names, days=30, age=0, label=None, key=None):
        """Makes key (or takes that one) and certificate for names, which ends in so many days and
        is so many old; returns the paths (certificate, key), which are called label, else by the
        first name."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = self._build(_name(names[0]), key.public_key(), days, age).add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]),
            critical=False).sign(self.key, hashes.SHA256())
        stem = label or names[0].replace("*", "_")
        paths = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(_pem(key))
        paths[1].chmod(0o600)
        return paths
