"""Free ports on loopback, below the range that outgoing connections take theirs from."""

import random
import socket

# A port is ours as long as this process lives: an abstract Unix socket of its
# name is bound, so that test runs side by side never choose the same.
_reserved = []


def free_port():
    for _ in range(1000):
        port = random.randrange(12000, 32000)
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            mark.bind(f"\0acmecore-test-port-{port}")
            for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0")):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(family, kind) as probe:
                        probe.bind((address, port))
        except OSError:
            mark.close()
            continue
        _reserved.append(mark)
        return port
    raise RuntimeError("no free port")
