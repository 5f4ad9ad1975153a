"""The two servers as Debian has them, and the ten lines of README.md for each."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"
CA = "/etc/ssl/test-ca.pem"


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```$", README.read_text(), re.M | re.S)[1]


class Server:
    names = ["example.org", "www.example.org"]

    def __init__(self, root):
        self.root = root

    def service(self, action, **more):
        return self.root.run("invoke-rc.d", self.service_name, action, **more)

    def master(self):
        return int(self.root.path(self.pid_file).read_text())

    def loaded_modules(self):
        """Lines of the master's memory map that name the module."""
        _, maps = self.root.run("grep", f"/{self.module}", f"/proc/{self.master()}/maps")
        return {line.split(maxsplit=5)[5] for line in maps.splitlines() if line}

    def helpers(self):
        """Paths of the helper programs that run in the root."""
        _, listed = self.root.run("sh", "-c", "readlink /proc/[0-9]*/exe | grep /acmecore/ || true")
        return sorted(listed.splitlines())

    def acmectl(self, *arguments):
        return self.root.run("acmectl", "--server", self.kind, *arguments)[1]


class Nginx(Server):
    kind, service_name, pid_file = "nginx", "nginx", "/run/nginx.pid"
    module = "ngx_acme_module.so"
    configuration = "/etc/nginx/conf.d/acme.conf"
    log = "/var/log/nginx/error.log"
    package, modules = "libnginx-mod-http-acmecore", "nginx/modules"
    configuration_named = configuration
    failures_at_upgrade = 0
    to_new_module = "upgrade"
    left = ("/etc/nginx/modules-enabled/50-mod-http-acmecore.conf",
            "/etc/nginx/modules-enabled/50-mod-http-acmecore.conf.removed")
    test = ("nginx", "-t", "-q")

    def enable(self, pebble):
        """README's lines, but for what Debian's own nginx.conf has, and with another CA."""
        inside = re.search(r"^http \{\n(.*)^\}", block("nginx"), re.M | re.S)[1]
        lines, found = re.subn(r"^ *acme on;", "acme pebble;", inside, flags=re.M)
        assert found == 1
        self.root.write(self.configuration, f"""acme_issuer pebble {{
    uri https://localhost:{pebble.port}/dir;
    ssl_trusted_certificate {CA};
    preflight off;
}}
{lines}""")

    def disable(self):
        self.root.path(self.configuration).unlink()


class Httpd(Server):
    kind, service_name, pid_file = "httpd", "apache2", "/run/apache2/apache2.pid"
    module = "mod_acme.so"
    configuration = "/etc/apache2/sites-available/acme.conf"
    log = "/var/log/apache2/error.log"
    package, modules = "libapache2-mod-acmecore", "apache2/modules"
    configuration_named = "/etc/apache2/sites-enabled/acme.conf"
    failures_at_upgrade = 0
    to_new_module = "reload"
    left = ("/etc/apache2/mods-available/acme.load", "/etc/apache2/mods-enabled/acme.load")
    test = ("apache2ctl", "configtest")

    def enable(self, pebble):
        lines, found = re.subn(r"^ACMEEngine on\b.*", "ACMEEngine pebble", block("apache"), flags=re.M)
        assert found == 1
        lines = re.sub(r"^LoadModule.*\n", "", lines, flags=re.M)
        self.root.write(self.configuration, f"""<ACMEIssuer pebble>
    ACMEDirectoryURL https://localhost:{pebble.port}/dir
    ACMECACertificateFile {CA}
    ACMEPreflight off
</ACMEIssuer>
{lines}""")
        self.root.run("a2enmod", "acme")
        self.root.run("a2ensite", "acme")

    def disable(self):
        self.root.run("a2dissite", "acme")


SERVERS = {"nginx": Nginx, "httpd": Httpd}
