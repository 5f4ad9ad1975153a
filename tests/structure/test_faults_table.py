"""docs/faults.md: every rule and fault of the field has its row, and every test that a row names
is there; those of faults run on each server."""

import re

import pytest

from named_tests import TEST, exists, source_of
from tree import REPOSITORY

PAGE = REPOSITORY / "docs" / "faults.md"
ROW = re.compile(r"^\| (\d+) \|(.*)\|(.*)\|(.*)\|$", re.MULTILINE)
LATER = {"rules": set(), "faults": {14, 20}}  # of what is not built yet


def rows(part):
    """{number: [(file, test), …]} of the part with this heading."""
    text = PAGE.read_text()
    begin = text.index(f"\n## {part.capitalize()}")
    end = text.find("\n## ", begin + 1)
    return {int(number): TEST.findall(tests)
            for number, _, _, tests in ROW.findall(text[begin:end if end > 0 else None])}


def on_each_server(file, test):
    head, _, body = source_of(file).partition(f"\ndef {test}(")
    marks = head.rpartition("\n\n\n")[2]
    arguments = body.partition(")")[0]
    return "servers(" not in marks and body != "" and arguments != ""


@pytest.mark.parametrize("part", ["rules", "faults"])
def test_each_number_has_its_row_and_each_row_a_test(part):
    found = rows(part)
    assert sorted(found) == list(range(1, 21))
    assert {number for number, tests in found.items() if not tests} == LATER[part]


@pytest.mark.parametrize("part", ["rules", "faults"])
def test_each_test_that_is_named_exists(part):
    missing = [f"{number}: {file}: {test}" for number, tests in rows(part).items()
               for file, test in tests if not exists(file, test)]
    assert not missing


def test_each_fault_is_met_on_each_server():
    without = [number for number, tests in rows("faults").items() if tests and not any(
        file.startswith("e2e/") and on_each_server(file, test) for file, test in tests)]
    assert not without
