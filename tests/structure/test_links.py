"""What a document links to in the tree is there, headings included."""

import re

import pytest

from tree import REPOSITORY, files

LINK = re.compile(r"\]\(([^)\s]+)\)")
DOCUMENTS = [path for path in files() if path.suffix == ".md"]


def without_code(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_each_link_of_a_document_leads_to_a_file(path):
    gone = [link for link in LINK.findall(without_code(path.read_text()))
            if "://" not in link and not link.startswith(("#", "mailto:"))
            and not (path.parent / link.partition("#")[0]).exists()]
    assert not gone
