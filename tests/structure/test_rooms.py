"""Who may include whom: the rooms of acmecore, and the libraries each may see."""

import pytest

from tree import MODULES, REPOSITORY, includes, sources

# A room, or one header of a room without its suffix.
MAY_INCLUDE = {
    "base": [],
    "config": ["base"],
    "crypto": ["base"],
    "board": ["base"],
    "ipc": ["base"],
    "protocol": ["base", "config", "crypto/digest"],
    "store": ["base", "crypto/cert", "crypto/digest"],
    "keeper": ["base", "config", "crypto", "store", "board", "ipc"],
    "agent": ["base", "config", "crypto/cert", "crypto/digest", "crypto/wiping_free", "protocol",
              "ipc"],
    "serve": ["base", "config", "crypto", "store", "board", "ipc"],
    "ctl": ["base", "crypto", "ipc"],
    "include": [],
}
# The door itself and the table of directives.
DOOR = {"acmecore/acmecore.h": ["serve"], "acmecore/directives.def": ["config", "serve"]}

# Headers by their beginning -> the files that may include them, by their beginning.
LIBRARIES = {
    "curl/": ["agent/http"],
    "ldns/": ["agent/dns"],
    "libpsl.h": ["agent/registered_domain"],
    "jose/": ["crypto/jose"],
    "jansson": ["crypto/jose", "base/json"],
    "idn2": ["config/idn"],
    "openssl/": ["crypto/", "serve/", "agent/shown_tls"],
    "ngx_": [],
    "apr": [],
    "ap_": [],
    "httpd.h": [],
    "http_": [],
}

C_LIBRARY = {"assert.h", "ctype.h", "errno.h", "fcntl.h", "inttypes.h", "limits.h", "poll.h",
             "pthread.h", "signal.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h",
             "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h", "time.h", "unistd.h"}
SERVER_HEADERS = {
    "ngx_acme_module": ("ngx_",),
    "mod_acme_apache": ("httpd.h", "http_", "ap_", "apr", "mod_", "util_", "scoreboard.h",
                        "mpm_common.h", "unixd.h"),
}


def violation(path, system, name):
    """What is wrong with this #include of a file of acmecore, or None."""
    inside = str(path.relative_to(REPOSITORY / "acmecore"))
    room = inside.split("/")[0]
    for beginning, users in LIBRARIES.items():
        if name.startswith(beginning):
            return None if inside.startswith(tuple(users)) else f"{name} is none of its libraries"
    if name.startswith("acmecore/"):
        if room in DOOR.get(name, []) or room == "include":
            return None
        return f"{name} is not for this room"
    target = name.split("/")[0]
    if target in MAY_INCLUDE and "/" in name:
        if target == room or target in MAY_INCLUDE[room]:
            return None
        return None if name.rsplit(".")[0] in MAY_INCLUDE[room] else f"{name}: no door to that room"
    return None if system else f'"{name}": write it from its room on, "room/{name}"'


def by_path(*folders):
    paths = sources(*folders)
    return pytest.mark.parametrize("path", paths, ids=[str(path.relative_to(REPOSITORY)) for path in paths])


@by_path("acmecore")
def test_a_room_includes_only_what_the_table_allows(path):
    room = path.relative_to(REPOSITORY / "acmecore").parts[0]
    assert room in MAY_INCLUDE, f"{room} is no room: add it to the table"
    wrong = [fault for system, name in includes(path) if (fault := violation(path, system, name))]
    assert not wrong, wrong


@by_path(*MODULES)
def test_a_module_knows_the_public_header_and_its_server_alone(path):
    own = {other.name for other in path.parent.iterdir()}
    wrong = [name for _, name in includes(path)
             if not (name in DOOR or name in own or name in C_LIBRARY or name.startswith("sys/")
                     or name.startswith(SERVER_HEADERS[path.relative_to(REPOSITORY).parts[0]]))]
    assert not wrong, wrong


@pytest.mark.parametrize("inside, system, name, right", [
    ("store/file.cpp", False, "crypto/cert.h", True),
    ("store/file.cpp", False, "crypto/key.h", False),
    ("agent/driver.cpp", True, "curl/curl.h", False),
    ("agent/http.cpp", True, "curl/curl.h", True),
    ("keeper/main.cpp", True, "openssl/evp.h", False),
    ("protocol/order.cpp", False, "base/json.h", True),
    ("protocol/order.cpp", False, "ipc/channel.h", False),
    ("keeper/main.cpp", False, "acmecore/acmecore.h", False),
    ("board/reader.cpp", False, "layout.h", False),
])
def test_the_check_itself_tells_right_from_wrong(inside, system, name, right):
    assert (violation(REPOSITORY / "acmecore" / inside, system, name) is None) == right
