"""Clients: one TLS handshake, one HTTP request, one connection kept open."""

import http.client
import re
import socket
import ssl
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

TIMEOUT = 10


class Certificate:
    """The certificate that a server sent."""

    def __init__(self, der):
        self.der = der
        self.x509 = x509.load_der_x509_certificate(der)

    @property
    def serial(self):
        return f"{self.x509.serial_number:x}"

    @property
    def issuer(self):
        return self.x509.issuer.rfc4514_string()

    @property
    def names(self):
        try:
            extension = self.x509.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return []
        return sorted(str(name.value) for name in extension.value)

    @property
    def not_before(self):  # naive, UTC
        return self.x509.not_valid_before

    @property
    def not_after(self):
        return self.x509.not_valid_after

    @property
    def from_pebble(self):
        return "Pebble" in self.issuer

    @property
    def key_type(self):
        key = self.x509.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            return f"rsa:{key.key_size}"
        if isinstance(key, ec.EllipticCurvePublicKey):
            return f"ecdsa:{key.key_size}"
        return type(key).__name__

    def __repr__(self):
        return f"<certificate {self.serial} for {self.names} by {self.issuer} until {self.not_after}>"


def context(trust=None, *, maximum=None, ciphers=None, alpn=None):
    """A TLS context. trust: roots as PEM text, or None: nothing is checked."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trust is None:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    else:
        made.load_verify_locations(cadata=trust)
    if maximum:
        made.maximum_version = maximum
    if ciphers:
        made.set_ciphers(ciphers)
    if alpn:
        made.set_alpn_protocols(alpn)
    return made


def connect(port, name, trust=None, *, host="127.0.0.1", timeout=TIMEOUT, using=None):
    """A TLS connection; name None: without SNI. The caller closes it."""
    plain = socket.create_connection((host, port), timeout)
    # Without this the answer to a keep-alive request may wait for a delayed ACK.
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return (using or context(trust)).wrap_socket(plain, server_hostname=name)
    except BaseException:
        plain.close()
        raise


def handshake(port, name, trust=None, **settings):
    """Connects and returns the server's certificate. With trust, raises ssl.SSLError
    where the chain, the dates or the name are not right."""
    with connect(port, name, trust, **settings) as connection:
        return Certificate(connection.getpeercert(binary_form=True))


def pick(port, name, *, version, signatures=None, alpn=None):
    """A handshake by `openssl s_client`, which can be told what Python's ssl cannot: one TLS
    version ("1.2", "1.3"), and the signature algorithms that the client knows. Returns
    (certificate or None, the ALPN protocol or None)."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name,
               f"-tls{version.replace('.', '_')}"]
    command += ["-sigalgs", signatures] if signatures else []
    command += ["-alpn", alpn] if alpn else []
    done = subprocess.run(command, input="", text=True, timeout=TIMEOUT, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", done.stdout, re.S)
    protocol = re.search(r"^ALPN protocol: (\S+)", done.stdout, re.M)
    return (Certificate(ssl.PEM_cert_to_DER_cert(found[0])) if found else None,
            protocol and protocol[1])


# What a client with one kind of key offers.
SIGNATURES = {"ecdsa": "ecdsa_secp256r1_sha256", "rsa": "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def __repr__(self):
        return f"<answer {self.status} {self.body[:80]!r}>"


def exchange(connection, host, path="/", method="GET", headers=None, body=b""):
    """One request on an open connection. Raises when the server closes without an answer."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "User-Agent: acmecore-test"]
    lines += [f"{key}: {value}" for key, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    connection.sendall("\r\n".join(lines + ["", ""]).encode() + body)
    response = http.client.HTTPResponse(connection, method=method)
    try:
        response.begin()
        return Answer(response)
    finally:
        response.close()


def http_get(port, host, path="/", *, method="GET", headers=None, address="127.0.0.1"):
    """One plain HTTP request."""
    with socket.create_connection((address, port), TIMEOUT) as connection:
        return exchange(connection, host, path, method, {"Connection": "close", **(headers or {})})


def https_get(port, host, path="/", trust=None, **settings):
    with connect(port, host, trust, **settings) as connection:
        return exchange(connection, host, path, headers={"Connection": "close"})


class KeepAlive:
    """A connection that stays open: it must outlive whatever happens to certificates."""

    def __init__(self, port, name, trust=None, **settings):
        self.name = name
        self._connection = connect(port, name, trust, **settings)
        self.certificate = Certificate(self._connection.getpeercert(binary_form=True))

    def get(self, path="/"):
        return exchange(self._connection, self.name, path)

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
