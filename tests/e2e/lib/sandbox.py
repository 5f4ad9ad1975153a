"""What a strict systemd unit or a container gives to a server: a root that is read-only but for a few
paths, few or no capabilities, no privilege by exec. With util-linux alone; systemd's filter of
system calls cannot be had without systemd."""

import subprocess

# A mount namespace in which $WRITABLE (one path a line) can be written, and nothing else that is on disk.
# Its own mounts come last of all: the kernel refuses to remount a few (/proc/sys), which hold no files.
SCRIPT = r"""
set -eu
printf '%s\n' "$WRITABLE" | while read -r path; do mount --bind "$path" "$path"; done
findmnt -rno TARGET | while read -r target; do
  case "$target" in /proc|/proc/*|/dev|/dev/*|/sys|/sys/*) continue ;; esac
  printf '%s\n' "$WRITABLE" | grep -qxF "$target" || mount -o remount,bind,ro "$target"
done
if touch "$PROBE" 2>/dev/null; then echo "$PROBE can be written"; exit 1; fi
exec setpriv --no-new-privs --inh-caps=-all "$@"
"""

NO_NAMESPACE = "mount namespaces are not permitted here: "


def why_not():
    """Why there can be no sandbox on this machine, or None."""
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "mount", "--bind", "/", "/"],
                          capture_output=True, text=True)
    return None if done.returncode == 0 else NO_NAMESPACE + done.stderr.strip()


def command(folder, writable, privileges):
    """What stands before a command that is to run inside; `privileges`: further words for setpriv."""
    return ["env", "WRITABLE=" + "\n".join(map(str, writable)), f"PROBE={folder}/probe",
            "unshare", "--mount", "--propagation", "private", "sh", "-c", SCRIPT, "sandbox", *privileges]


def bounded(capabilities):
    """Root, with these capabilities and never another one."""
    return ["--bounding-set=" + ",".join(["-all", *(f"+{name}" for name in capabilities)])]


def nobody_known(uid):
    """A uid (and gid) with no entry in passwd needed, no group and no capability."""
    return [f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--bounding-set=-all", "--ambient-caps=-all"]
