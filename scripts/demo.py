"""The part of scripts/demo that starts, shows and ends things. It is made of the same
parts as the end-to-end tests."""

import difflib
import shutil
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "e2e"))

from lib import example, httpd_example, process  # noqa: E402
from lib.authority import Authority  # noqa: E402
from lib.dns import Dns  # noqa: E402
from lib.httpd import Httpd  # noqa: E402
from lib.nginx import Nginx  # noqa: E402
from lib.pebble import Pebble, program  # noqa: E402
from lib.ports import free_port  # noqa: E402
from lib.workspace import REPOSITORY, built, make_folder  # noqa: E402

EXAMPLE = "own-ca.conf"


def nginx_configuration(server, text, root, issuer):
    return example.adapt(
        text,
        main=[f"load_module {built('ngx_acme_module.so')};", "user nobody nogroup;",
              f"pid {server.folder}/nginx.pid;", f"error_log {server.error_log} info;"],
        http=[f"acme_state_path {server.state_path};", f"acme_runtime_path {server.runtime_path};",
              f"acme_helper_path {server.programs};", "access_log off;",
              *(f"{kind}_temp_path {server.folder}/temp/{kind};"
                for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))],
        root=root, http_port=server.http_port, tls_port=server.tls_port, issuer=issuer)


def httpd_configuration(server, text, root, issuer):
    machine = server.folder / "machine.conf"  # as httpd's own configuration has it
    machine.write_text("\n".join([*server.machine_lines(), *server.path_lines(), ""]))
    return httpd_example.adapt(
        text, main=[f"Include {machine}"],
        root=root, http_port=server.http_port, tls_port=server.tls_port, issuer=issuer)


def show(title, certificate, seconds):
    print(f"\n{title} after {seconds:.1f} s")
    for label, value in (("names", " ".join(certificate.names)), ("issuer", certificate.issuer),
                         ("serial", certificate.serial),
                         ("valid", f"{certificate.not_before} to {certificate.not_after} UTC")):
        print(f"    {label:<8}{value}")


class Show:
    """One server, and a CA that validates at its ports."""

    def __init__(self, folder, dns, server_class, examples, configuration):
        self.examples, self.configuration = examples, configuration
        self.server = server_class(folder / server_class.kind, free_port(), free_port())
        place = folder / f"ca-of-{server_class.kind}"
        place.mkdir()
        self.pebble = Pebble(place, Authority(place / "authority"), dns, self.server.http_port,
                             self.server.tls_port)
        self.name = None

    def configure(self):
        """Writes the configuration from the example and shows in what it differs."""
        server, path = self.server, self.examples.FOLDER / EXAMPLE
        text = path.read_text()
        root = server.folder / "html"
        root.mkdir()
        (root / "index.html").write_text("It works.\n")
        server.write(self.configuration(server, text, root, self.pebble.issuer))
        shown = path.relative_to(REPOSITORY)
        print(f"\n==== {server.kind} runs {shown}, moved to loopback:\n")
        for line in difflib.unified_diff(text.splitlines(),
                                         server.configuration.read_text().splitlines(),
                                         str(shown), server.configuration.name, lineterm="", n=1):
            print("    " + line)
        self.name = self.examples.names(text)[0]

    def demonstrate(self):
        server, pebble, name = self.server, self.pebble, self.name
        begin = time.monotonic()
        server.start()
        first = server.wait_for_certificate(name, pebble, timeout=60)
        show(f"{server.kind}: certificate served", first, time.monotonic() - begin)

        with server.keep_alive(name, pebble.root()) as connection:
            assert connection.get().status == 200
            workers = server.workers()
            print(f"\na keep-alive connection is open; acmectl renew --force {name}")
            begin = time.monotonic()
            done = server.acmectl("renew", name)
            assert done.ok, f"acmectl renew {name}: {done.output}"
            second = server.wait_for_certificate(name, pebble, timeout=60, unlike=first)
            show(f"{server.kind}: renewed certificate served to new connections", second,
                 time.monotonic() - begin)
            answer = connection.get()
            assert answer.status == 200 and server.workers() == workers
            print(f"\nold serial {first.serial}, new serial {second.serial}; the old connection "
                  f"still answers ({answer.status}), the workers are the same, nothing was reloaded")

    def explain_kept(self, folder):
        server, pebble, name = self.server, self.pebble, self.name
        root = folder / f"root-{server.kind}.pem"
        root.write_text(pebble.root())
        print(f"""
{server.kind}:
    https://{name}:{server.tls_port}/    http://{name}:{server.http_port}/
    CA directory https://localhost:{pebble.port}/dir
    curl --cacert {root} --resolve {name}:{server.tls_port}:127.0.0.1 \
https://{name}:{server.tls_port}/
    {server.acmectl_line("status")}
    tail {server.error_log}""")

    def pids(self):
        return [self.server.master, self.pebble.pid]

    def end(self):
        self.server.destroy()
        self.pebble.stop()


def main():
    keep = "--keep" in sys.argv[1:]
    folder = make_folder("demo")
    dns = Dns(program() + "-challtestsrv", folder)
    shows = [Show(folder, dns, Nginx, example, nginx_configuration),
             Show(folder, dns, Httpd, httpd_example, httpd_configuration)]
    try:
        process.become_reaper()
        dns.start()
        for one in shows:
            one.configure()
            one.pebble.start()
            one.demonstrate()
        if keep:
            print("\nrunning on:")
            for one in shows:
                one.explain_kept(folder)
            pids = [*shows[0].pids(), *shows[1].pids(), dns.pid]
            print(f"\nend:\n    kill {' '.join(map(str, pids))}; rm -r {folder}")
    except BaseException as error:
        keep = False
        for one in shows:
            for title, text in one.server.logs().items():
                print(f"\n---- {title}\n" + "\n".join(text.splitlines()[-60:]), file=sys.stderr)
        if not isinstance(error, (AssertionError, TimeoutError)):
            raise
        print(f"\nscripts/demo: {error}", file=sys.stderr)
        return 1
    finally:
        if not keep:
            for one in shows:
                one.end()
            dns.stop()
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
