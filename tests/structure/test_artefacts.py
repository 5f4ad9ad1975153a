"""What the built programs and the module link and export."""

import re

import pytest

from tree import built, tool

NETWORK = re.compile(r"lib(curl|ldns)")
# What nginx looks up by name when it loads a module, and the module itself.
EXPORTS = re.compile(r"ngx_(modules|module_names|module_order|(http_)?acme_module)$")


@pytest.mark.parametrize("name", ["acme-keeper", "acmectl", "ngx_acme_module.so"])
def test_nothing_but_the_agent_has_network_code(name):
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", tool("readelf", "-dW", built(name)))
    assert not [library for library in needed if NETWORK.match(library)]


def symbols(name):
    """[(type letter, name)] of what a library exports."""
    lines = tool("nm", "-D", "--defined-only", built(name)).splitlines()
    return [(line.split()[-2], line.split()[-1].split("@")[0]) for line in lines]


def test_the_nginx_module_exports_what_nginx_needs_and_nothing_else():
    exported = [name for _, name in symbols("ngx_acme_module.so")]
    assert {"ngx_modules", "ngx_module_names"} <= set(exported)
    assert [name for name in exported if not EXPORTS.match(name)] == []


def test_the_module_can_be_unloaded():
    # A unique symbol (type u) keeps a library in memory after dlclose.
    listed = tool("readelf", "-sW", built("ngx_acme_module.so"))
    assert [line for line in listed.splitlines() if " UNIQUE " in line] == []
