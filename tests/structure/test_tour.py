"""docs/TOUR.md is short, and leads to files that are there."""

from named_tests import FILE, missing_files
from tree import REPOSITORY

PAGE = REPOSITORY / "docs" / "TOUR.md"


def test_the_tour_leads_to_files_that_are_there():
    text = PAGE.read_text()
    assert len(FILE.findall(text)) > 25
    assert not missing_files(text)


def test_the_tour_is_an_hours_walk():
    assert len(PAGE.read_text().splitlines()) < 150
