"""docs/guides/moving.md has each directive of mod_md, as Debian's module has them."""

import re
from pathlib import Path

from tree import REPOSITORY

MODULE = Path("/usr/lib/apache2/modules/mod_md.so")
PAGE = REPOSITORY / "docs" / "guides" / "moving.md"


def test_each_directive_of_mod_md_has_its_row():
    names = {name.decode() for name in
             re.findall(rb"\0(MD[A-Z][a-z0-9A-Z]+|MDomain)(?=\0)", MODULE.read_bytes())}
    assert len(names) > 30 and "MDRenewWindow" in names
    rows = re.findall(r"^\| (`M.*?) \| ", PAGE.read_text(), re.M)
    assert names <= set(re.findall(r"MD\w+", " ".join(rows)))
