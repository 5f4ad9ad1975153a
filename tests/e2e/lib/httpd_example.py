"""A file of conf-examples/httpd, moved to loopback: the example itself is what runs, only
its ports, paths and the CA's address are those of the test or the demo."""

import re

from .httpd import directive_names, issuer_lines
from .workspace import REPOSITORY

FOLDER = REPOSITORY / "conf-examples" / "httpd"


def names(text):
    """All names of virtual hosts with TLS, in their order."""
    found = []
    for host in re.findall(r"<VirtualHost \*:443>(.*?)</VirtualHost>", text, re.S):
        for line in re.findall(r"^\s*Server(?:Name|Alias)\s+(.+)$", host, re.M):
            found += line.split()
    return list(dict.fromkeys(found))


def adapt(text, *, main, root, http_port, tls_port, issuer):
    """main: lines before it. issuer(name) -> the Issuer that stands for the example's CA of
    that name. Built-in issuers are amended where the example has no block."""
    lines = list(main)
    block = None
    ours = directive_names()
    blocks = re.findall(r"^<ACMEIssuer (\S+)>", text, re.M)
    for name in ("letsencrypt", "letsencrypt-staging"):
        if name not in blocks:
            lines += issuer_lines(name, issuer(name))
    for line in text.splitlines():
        word = (line.split() or [""])[0]
        if word == "LoadModule":
            continue
        if match := re.match(r"<ACMEIssuer (\S+)>", line):
            block = issuer(match[1])
            lines += issuer_lines(match[1], block)[:-1]
            continue
        # the block has its own address by now
        if block and word in ("ACMEDirectoryURL", *(ours[name] for name in block.settings)):
            continue
        if word == "</ACMEIssuer>":
            block = None
        if word == "DocumentRoot":
            line = re.sub(r"(DocumentRoot\s+).+", lambda match: f"{match[1]}{root}", line)
        line = re.sub(r"<VirtualHost \*:80>", f"<VirtualHost *:{http_port}>", line)
        line = re.sub(r"<VirtualHost \*:443>", f"<VirtualHost *:{tls_port}>", line)
        lines.append(line)
    return "\n".join([*lines, ""])
