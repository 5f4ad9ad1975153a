"""httpd with Debian's mod_md, which does the same task in httpd itself: certificates become
active by a graceful restart."""

import glob
import json
import shutil

from lib import httpd
from lib.site import Site

from .servers import AWAY, names
from .stored import Chain


def variant(variants, count, label="mod_md", key="secp256r1", directory=AWAY, root=None, workers=1,
            server=None):
    """An httpd with as many virtual hosts, each an MDomain of its own."""
    server = server or variants.server(label, False)
    main = [f"LoadModule md_module {httpd.MODULES}/mod_md.so",
            f"MDCertificateAuthority {directory}", "MDCertificateAgreement accepted",
            # Without a CA nothing is due, and nobody is to ask for it.
            f"MDCACertificateFile {root}" if root else "MDRenewViaARI off", "MDContactEmail admin@example.org",
            f"MDPrivateKeys {key}", f"MDStoreDir {store(server)}", "MDCAChallenges http-01",
            f"MDPortMap http:{server.http_port} https:{server.tls_port}",
            *(f"MDomain {name}" for name in names(count))]
    sites = [Site(name, acme=None, plain=None) for name in names(count)]
    return variants.configure(server, sites, main="\n".join(main), workers=workers)


def store(server):
    return server.folder / "md"


def fill(server, files):
    """Its store with the same certificates as ours: {name: (certificate, key)}. What else it
    keeps it writes itself, at the next start."""
    for name, (certificate, key) in files.items():
        folder = store(server) / "domains" / name
        folder.mkdir(parents=True)
        shutil.copy(certificate, folder / "pubcert.secp256r1.pem")
        shutil.copy(key, folder / "privkey.secp256r1.pem")


def stage(server, some):
    """Renewed certificates that the next graceful restart activates: what its own ACME client
    leaves."""
    chain = Chain()
    for name in some:
        key, certificates, _ = chain.issue([name])
        folder = store(server) / "staging" / name
        folder.mkdir(parents=True, exist_ok=True)
        domain = json.loads((store(server) / "domains" / name / "md.json").read_text())
        domain["ca"]["url"] = domain["ca"]["urls"][0]  # the one that it was obtained from
        (folder / "md.json").write_text(json.dumps(domain))
        (folder / "privkey.secp256r1.pem").write_bytes(key)
        (folder / "pubcert.secp256r1.pem").write_bytes(certificates)
        (folder / "job.json").write_text(json.dumps({"name": name, "finished": True, "errors": 0}))


def staged(server):
    """How many certificates it has obtained and not yet activated."""
    # Not Path.glob: folders come and go meanwhile.
    return len(glob.glob(str(store(server) / "staging" / "*" / "pubcert*")))


def activated(server, name):
    return not (store(server) / "staging" / name).exists()


def forget(server):
    """New domains again."""
    shutil.rmtree(store(server), ignore_errors=True)
