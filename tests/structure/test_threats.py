"""docs/THREATS.md: what shows that something cannot be done is there."""

import re

from named_tests import FILE, TEST, missing_files, missing_tests
from tree import REPOSITORY

PAGE = REPOSITORY / "docs" / "THREATS.md"


def test_each_test_and_file_that_is_named_exists():
    text = PAGE.read_text()
    assert len(TEST.findall(text)) > 50 and len(FILE.findall(text)) > 15
    assert not missing_tests(text)
    assert not missing_files(text)


def test_each_row_of_what_cannot_be_done_names_a_test():
    parts = re.findall(r"^\| (?:he|it) cannot \|.*\n\|---.*\n((?:\|.*\n)+)", PAGE.read_text(), re.M)
    rows = [row for part in parts for row in part.splitlines()]
    assert len(parts) >= 6
    assert not [row for row in rows if not TEST.search(row.rstrip(" |").rpartition(" | ")[2])]
