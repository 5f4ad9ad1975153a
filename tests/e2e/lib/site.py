"""What a server is to be configured with, in words that are no server's own: each
server class writes its configuration from these, so one scenario runs on all."""

from dataclasses import dataclass, field

# What the plain-HTTP port of a site answers to everything but our challenges.
PLAIN = ("files", "redirect", "close", "deny", "auth", "rewrite", "dead-upstream")


@dataclass
class Issuer:
    name: str
    directory: str
    # Parameters of the issuer block by their nginx names: {"key": "rsa:2048", …}
    settings: dict = field(default_factory=dict)


@dataclass
class Site:
    names: list  # or one name
    # Value of the acme directive at this site; None: none stands there.
    acme: str | None = "pebble"
    # The arguments of each acme_certificate line.
    certificates: list = field(default_factory=list)
    own: tuple | None = None  # (certificate, key): files of the operator's own
    plain: str | None = "files"  # one of PLAIN; None: no plain-HTTP listener for it
    tls: bool = True
    addresses: tuple = ("127.0.0.1",)  # that it listens on
    default: bool = False  # answers for names that are no site's
    more: str = ""  # further lines in the server's own language

    def __post_init__(self):
        if isinstance(self.names, str):
            self.names = [self.names]
        assert self.plain is None or self.plain in PLAIN
