"""Pebble for a benchmark: no validation sleep, no Retry-After, every nonce good. It runs with the
lowest priority where what is measured is not issuance: a real CA has a machine of its own."""

import os
from contextlib import ExitStack, contextmanager

from lib.authority import Authority
from lib.dns import Dns
from lib.pebble import Pebble, program


@contextmanager
def pebble(folder, server, aside=False):
    """A Pebble that validates at this server's ports."""
    with ExitStack() as stack:
        folder.mkdir()
        authority = Authority(folder / "authority")
        dns = Dns(program() + "-challtestsrv", folder).start()
        stack.callback(dns.stop)
        made = Pebble(folder, authority, dns, server.http_port, server.tls_port, nonce_reject=0,
                      retry_after=(0, 0)).start()
        stack.callback(made.stop)
        if aside:
            os.setpriority(os.PRIO_PROCESS, made.pid, 19)
        yield made
