"""The part of scripts/demo that starts, shows and ends things. It is made of the same
parts as the end-to-end tests."""

import difflib
import shutil
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "e2e"))

from lib import example, process  # noqa: E402
from lib.authority import Authority  # noqa: E402
from lib.dns import Dns  # noqa: E402
from lib.nginx import Nginx  # noqa: E402
from lib.pebble import Pebble, program  # noqa: E402
from lib.ports import free_port  # noqa: E402
from lib.workspace import REPOSITORY, built, make_folder  # noqa: E402

EXAMPLE = example.FOLDER / "own-ca.conf"


def configure(server, pebble):
    """Writes nginx.conf from the example and shows in what it differs. Returns the name."""
    text = EXAMPLE.read_text()
    root = server.folder / "html"
    root.mkdir()
    (root / "index.html").write_text("It works.\n")
    server.write(example.adapt(
        text,
        main=[f"load_module {built('ngx_acme_module.so')};", "user nobody nogroup;",
              f"pid {server.folder}/nginx.pid;", f"error_log {server.error_log} info;"],
        http=[f"acme_state_path {server.state_path};", f"acme_runtime_path {server.runtime_path};",
              f"acme_helper_path {server.programs};", "access_log off;",
              *(f"{kind}_temp_path {server.folder}/temp/{kind};"
                for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))],
        root=root, http_port=server.http_port, tls_port=server.tls_port, issuer=pebble.issuer))
    shown = EXAMPLE.relative_to(REPOSITORY)
    print(f"\nnginx runs {shown}, moved to loopback:\n")
    for line in difflib.unified_diff(text.splitlines(), server.configuration.read_text().splitlines(),
                                     str(shown), "nginx.conf", lineterm="", n=1):
        print("    " + line)
    return example.names(text)[0]


def show(title, certificate, seconds):
    print(f"\n{title} after {seconds:.1f} s")
    for label, value in (("names", " ".join(certificate.names)), ("issuer", certificate.issuer),
                         ("serial", certificate.serial),
                         ("valid", f"{certificate.not_before} to {certificate.not_after} UTC")):
        print(f"    {label:<8}{value}")


def demonstrate(server, pebble):
    name = configure(server, pebble)
    begin = time.monotonic()
    server.start()
    first = server.wait_for_certificate(name, pebble, timeout=60)
    show("certificate served", first, time.monotonic() - begin)

    with server.keep_alive(name, pebble.root()) as connection:
        assert connection.get().status == 200
        workers = server.workers()
        print(f"\na keep-alive connection is open; acmectl renew {name}")
        begin = time.monotonic()
        done = server.acmectl("renew", name)
        assert done.ok, f"acmectl renew {name}: {done.output}"
        second = server.wait_for_certificate(name, pebble, timeout=60, unlike=first)
        show("renewed certificate served to new connections", second, time.monotonic() - begin)
        answer = connection.get()
        assert answer.status == 200 and server.workers() == workers
        print(f"\nold serial {first.serial}, new serial {second.serial}; the old connection still "
              f"answers ({answer.status}), the workers are the same, nothing was reloaded")
    return name


def explain_kept(server, pebble, dns, folder, name):
    (folder / "root.pem").write_text(pebble.root())
    pids = [server.master, pebble.pid, dns.pid]
    print(f"""
running on:
    https://{name}:{server.tls_port}/    http://{name}:{server.http_port}/
    CA directory https://localhost:{pebble.port}/dir
look:
    curl --cacert {folder}/root.pem --resolve {name}:{server.tls_port}:127.0.0.1 \
https://{name}:{server.tls_port}/
    {server.acmectl_line("status")}
    tail {server.error_log}
end:
    kill {' '.join(map(str, pids))}; rm -r {folder}""")


def main():
    keep = "--keep" in sys.argv[1:]
    folder = make_folder("demo")
    server = Nginx(folder / "nginx", free_port(), free_port())
    dns = Dns(program() + "-challtestsrv", folder)
    pebble = Pebble(folder, Authority(folder / "authority"), dns, server.http_port, server.tls_port)
    try:
        process.become_reaper()
        dns.start()
        pebble.start()
        name = demonstrate(server, pebble)
        if keep:
            explain_kept(server, pebble, dns, folder, name)
    except BaseException as error:
        keep = False
        for title, text in server.logs().items():
            print(f"\n---- {title}\n" + "\n".join(text.splitlines()[-60:]), file=sys.stderr)
        if not isinstance(error, (AssertionError, TimeoutError)):
            raise
        print(f"\nscripts/demo: {error}", file=sys.stderr)
        return 1
    finally:
        if not keep:
            server.destroy()
            pebble.stop()
            dns.stop()
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
