"""Programs that a server's helper runs: each writes down what it was given."""

import grp
import json
import os
import ssl
import stat
from pathlib import Path


class Hooks:
    def __init__(self, folder):
        self.folder = folder / "hooks"
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.said = self.folder / "said"
        self.said.mkdir()
        self.said.chmod(0o777)  # the network side of the helper has a user of its own

    def program(self, name, more=""):
        """Writes down arguments, environment and standard input, each time as one file."""
        path = self.folder / name
        path.write_text(f"""#!/bin/sh
cd {self.said} || exit 9
{{ echo "$@"; env | sort; cat; }} > .{name}.$$ && mv .{name}.$$ {name}.$$
{more}
""")
        path.chmod(0o755)
        return path

    def calls(self, name):
        """(arguments, environment, what was on standard input), in their order."""
        files = sorted(self.said.glob(f"{name}.*"), key=lambda path: path.stat().st_mtime_ns)
        found = []
        for path in files:
            arguments, *lines = path.read_text().splitlines()
            found.append((arguments, dict(line.split("=", 1) for line in lines[:-1]),
                          json.loads(lines[-1])))
        return found


def group_of(path):
    """"0640 ssl-cert" """
    info = os.stat(path)
    return f"{stat.S_IMODE(info.st_mode):04o} {grp.getgrgid(info.st_gid).gr_name}"


class Example:
    """The example of notifications and deploy programs, with programs of ours in it."""

    NAME = "mail.example.org"

    def __init__(self, folder):
        self.hooks = Hooks(folder)
        self.exports = folder / "exports"
        copy = self.exports / self.NAME / "fullchain.pem"
        self.changes = {
            "/usr/local/bin/acme-mail": str(self.hooks.program("mail")),
            "/usr/local/sbin/acme-reload-mail": str(
                self.hooks.program("reload", f"cp {copy} {self.hooks.said}/seen.pem")),
            "group=ssl-cert": "group=nogroup",
            "/etc/ssl/acme": str(self.exports),
            "events=failed,": "events=issued,failed,",  # which a test need not wait for
        }

    def change(self, text):
        for old, new in self.changes.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def check(self, wait_until, certificate, state_path):
        """certificate: that the server shows."""
        hooks = self.hooks
        wait_until(lambda: hooks.calls("mail"), 20, "the notice")
        (arguments, environment, notice), = hooks.calls("mail")
        assert arguments == "admin@example.org"
        assert environment["ACME_EVENT"] == notice["event"] == "issued"
        assert set(environment) <= {"ACME_EVENT", "PATH", "LANG", "HOME", "PWD", "OLDPWD", "SHLVL", "_"}
        assert notice["certificate"] == self.NAME and notice["names"] == [self.NAME]
        wait_until(lambda: (hooks.said / "seen.pem").exists(), 20, "the deploy program")
        (_, environment, deployed), = hooks.calls("reload")
        assert environment["ACME_CERTIFICATES"] == self.NAME
        one, = deployed["certificates"]
        assert one["path"].startswith(f"{state_path}/certs/{self.NAME}/")
        assert one["exports"] == [f"{self.exports}/{self.NAME}"]
        # The new certificate was in place when the program was run, in the store and beside it.
        seen = (hooks.said / "seen.pem").read_text()
        assert seen == Path(one["fullchain"]).read_text() and ssl.DER_cert_to_PEM_cert(certificate.der) in seen
        for name in ("fullchain.pem", "privkey.pem"):
            assert group_of(self.exports / self.NAME / name) == "0640 nogroup"
