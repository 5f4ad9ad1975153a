"""Documents that are made from the tree say what the tree says."""

import subprocess

from tree import REPOSITORY


def test_the_page_of_directives_is_current():
    made = subprocess.run([REPOSITORY / "scripts" / "directives", "--print"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    assert (REPOSITORY / "docs" / "DIRECTIVES.md").read_text() == made, "run scripts/directives"
