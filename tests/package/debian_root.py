"""A clean root of the machine's own Debian release, with a process tree, a network and a file
system of its own: what is installed, started and killed in it nobody else sees.

debootstrap makes it once, below ~/.cache/acmecore; each test has an overlay on it. Packages come
from where the machine's own apt takes them (all of /etc/apt is lent to the root)."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from lib.process import children, wait_until

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "acmecore"
RELEASE = "bookworm"
# No service starts or restarts but those that the test allows, as Debian has it for chroots.
# deb-systemd-invoke asks for nginx.service, invoke-rc.d for nginx.
POLICY = """#!/bin/sh
[ "$1" != --quiet ] || shift
grep -qxF "${1%.service}" /etc/allowed-services || exit 101
"""
# The first process: mounts what a system has, then becomes systemd, or only reaps what others leave
# (then the servers' init scripts are in charge, as on a system without systemd; no test asks for it yet).
INIT = """
set -eu
mount -t tmpfs -o mode=755 tmpfs "$2"
mkdir "$2/upper" "$2/work"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$3"
mount -t proc proc "$3/proc"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$3/run"
mkdir -m 1777 "$3/run/lock"
mount -t tmpfs -o mode=755,nosuid tmpfs "$3/dev"
for device in null zero full random urandom tty; do
  touch "$3/dev/$device"
  mount --bind "/dev/$device" "$3/dev/$device"
done
mkdir "$3/dev/pts" "$3/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$3/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$3/dev/shm"
ln -s pts/ptmx "$3/dev/ptmx"
ln -s /proc/self/fd "$3/dev/fd"
for folder in /etc/apt /usr/share/keyrings; do
  mount --bind "$folder" "$3$folder"
done
mkdir -p "$3/packages" "$3/var/cache/acmecore-archives/partial"
mount --bind "$4" "$3/packages"
mount --bind "$5" "$3/var/cache/acmecore-archives"
ip link set lo up
if [ "$6" = systemd ]; then
  mount -t sysfs sysfs "$3/sys"
  mount -t cgroup2 cgroup2 "$3/sys/fs/cgroup"
fi
# Not only chroot: what a service with a mount namespace of its own runs has its usual path then.
cd "$3"
pivot_root . .
umount -l .
if [ "$6" = systemd ]; then
  exec chroot . env -i container=acmecore-test PATH="$PATH" /lib/systemd/systemd >/dev/null 2>&1
fi
exec chroot . bash -c 'while :; do sleep 3600 & wait $! || true; done' >/dev/null 2>&1
"""


def mirror():
    """(address, release) of the machine's main archive."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)",
                             "Created-By: Packages"], check=True, text=True, stdout=subprocess.PIPE)
    for line in listed.stdout.splitlines():
        site, release, component = line.split()
        if (release, component) == (RELEASE, "main"):
            return site
    raise RuntimeError(f"this machine's apt has no main archive of {RELEASE}")


def base():
    """The folder of the root that all tests lie on; made the first time."""
    folder = CACHE / f"root-{RELEASE}"
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="root.", dir=CACHE))
    work.chmod(0o755)
    site = mirror()
    include = ["systemd-sysv"] + (["ca-certificates"] if site.startswith("https:") else [])
    done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={','.join(include)}",
                           RELEASE, work, site], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment())
    if done.returncode != 0:
        shutil.rmtree(work)
        raise RuntimeError("debootstrap: " + done.stdout[-2000:])
    work.rename(folder)
    return folder


def environment():
    proxies = {key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")}
    if "http_proxy" not in proxies:
        shown = subprocess.run(["apt-config", "shell", "P", "Acquire::http::Proxy"], text=True,
                               stdout=subprocess.PIPE).stdout
        if shown.startswith("P='"):
            proxies["http_proxy"] = shown[3:].rstrip().rstrip("'")
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
            "DEBIAN_FRONTEND": "noninteractive", **proxies}


class Root:
    """packages: the folder that is seen inside as /packages. init: "systemd" or "scripts"."""

    def __init__(self, packages, init):
        self.folder = Path(tempfile.mkdtemp(prefix="acmecore-root-", dir="/var/lib"))
        for name in ("layers", "root"):
            (self.folder / name).mkdir()
        archives = CACHE / "archives"
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        self._init = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork",
             "--kill-child", "bash", "-c", INIT, "init", base(), self.folder / "layers",
             self.folder / "root", packages, archives, init],
            stdin=subprocess.DEVNULL)
        # unshare's only child is the first process there.
        self.pid = wait_until(lambda: next(iter(children(self._init.pid)), None), 10, "a process there")
        wait_until(self._is_made, 30, "the root is made")
        for name in ("hosts", "resolv.conf"):
            self.write(f"/etc/{name}", Path("/etc", name).read_text())
        self.write("/etc/hosts", "127.0.0.1 localhost\n")
        self.write("/usr/sbin/policy-rc.d", POLICY)
        self.path("/usr/sbin/policy-rc.d").chmod(0o755)
        self.allow()
        if init == "systemd":
            # "degraded" where a unit that has nothing to do with us cannot run in here.
            wait_until(lambda: {"running", "degraded"} &
                       set(self.run("systemctl", "is-system-running", check=False)[1].split()),
                       180, "systemd runs", every=1)

    def destroy(self):
        self._init.kill()  # and with it, by --kill-child, all that runs in there
        self._init.wait()
        shutil.rmtree(self.folder)

    def _is_made(self):
        assert self._init.poll() is None, "the root cannot be made"
        return Path(f"/proc/{self.pid}/root/var/cache/acmecore-archives").exists()

    def path(self, inside):
        """A file of it, as this process opens it. (A symbolic link that is absolute leads outside.)"""
        return Path(f"/proc/{self.pid}/root{inside}")

    def write(self, inside, text):
        self.path(inside).write_text(text)

    def allow(self, *services):
        """Only these may be started and restarted by maintainer scripts."""
        self.write("/etc/allowed-services", "".join(f"{service}\n" for service in services))

    def run(self, *command, network=False, check=True):
        """Runs a command inside; returns (exit status, what it printed). network: the machine's."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--uts", "--ipc", "--cgroup", *([] if network else ["--net"])]
        done = subprocess.run([*enter, "--", *command], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=environment(), errors="replace")
        printed = f"# {' '.join(map(str, command))}\n{done.stdout}"
        print(printed)
        assert not check or done.returncode == 0, f"exit status {done.returncode}: {printed}"
        return done.returncode, done.stdout

    def apt(self, *arguments, **more):
        # NoLocking: the archives are shared with the roots of other tests.
        return self.run("apt", "-o", "Dir::Cache::archives=/var/cache/acmecore-archives",
                        "-o", "Debug::NoLocking=1",
                        "-o", "APT::Keep-Downloaded-Packages=true", "-o", "APT::Sandbox::User=root",
                        "-o", "Binary::apt::APT::Keep-Downloaded-Packages=true",
                        "-o", "Dpkg::Use-Pty=0", "-q", "-y", *arguments, **more)

    def install(self, folder, **more):
        """apt install ./*.deb in a folder of /packages"""
        names = sorted(path.name for path in self.path(f"/packages/{folder}").glob("*.deb")
                       if "-dbgsym_" not in path.name)
        assert names
        return self.apt("install", *(f"/packages/{folder}/{name}" for name in names), **more)

    def architecture(self):
        return self.run("dpkg", "--print-architecture")[1].split()[-1]

    @contextmanager
    def network(self):
        """What this thread starts and connects to is on the loopback of the root."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as before, open(f"/proc/{self.pid}/ns/net") as inside:
            assert libc.setns(inside.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(before.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
