"""A file of conf-examples/nginx, moved to loopback: the example itself is what runs,
only its ports, paths and the CA's address are those of the test or the demo."""

import re

from .workspace import REPOSITORY

FOLDER = REPOSITORY / "conf-examples" / "nginx"

# Directives that belong to the machine the example is for; our own stand instead.
OF_THE_MACHINE = ("load_module", "user", "pid", "error_log", "access_log", "acme_state_path",
                  "acme_runtime_path", "acme_helper_path", "resolver")


def names(text):
    """All server names, in their order."""
    found = [name for line in re.findall(r"^\s*server_name\s+([^;]+);", text, re.M)
             for name in line.split()]
    return list(dict.fromkeys(found))


def issuer_blocks(text):
    return re.findall(r"^\s*acme_issuer\s+(\S+)\s*\{", text, re.M)


def adapt(text, *, main, http, root, http_port, tls_port, issuer):
    """main, http: lines for those two levels. issuer(name) -> the Issuer that stands for the
    example's CA of that name. Built-in issuers are amended when the example has no block."""
    lines = []
    block = None
    for line in text.splitlines():
        word = (line.split() or [""])[0].rstrip(";")
        if word in OF_THE_MACHINE or re.match(r"\s*listen\s+\[", line):
            continue
        if match := re.match(r"\s*acme_issuer\s+(\S+)\s*\{", line):
            block = issuer(match[1])
            lines += [line, f"        uri {block.directory};",
                      *(f"        {name} {value};" for name, value in block.settings.items())]
            continue
        # The block has its own address by now.
        if block and word in ("uri", *block.settings):
            continue
        if word == "root":
            line = _value(line, root)
        if word == "listen":
            line = re.sub(r"listen(\s+)(\S+:)?80\b", rf"listen\g<1>127.0.0.1:{http_port}", line)
            line = re.sub(r"listen(\s+)(\S+:)?443\b", rf"listen\g<1>127.0.0.1:{tls_port}", line)
        if block and "}" in line:
            block = None
        lines.append(line)
        if re.match(r"\s*http\s*\{", line):
            lines += ["    " + own for own in [*http, *_builtin(text, issuer)]]
    return "\n".join([*main, *lines, ""])


def _value(line, value):
    return re.sub(r"^(\s*\S+\s+)[^;]+;", lambda match: f"{match[1]}{value};", line)


def _builtin(text, issuer):
    """Blocks that lead the built-in issuers the example uses, without a block, to our CA."""
    for name in ("letsencrypt", "letsencrypt-staging"):
        if name in issuer_blocks(text):
            continue
        ours = issuer(name)
        yield f"acme_issuer {name} {{ uri {ours.directory}; " + " ".join(
            f"{key} {value};" for key, value in ours.settings.items()) + " }"
