"""docs/TROUBLESHOOTING.md quotes lines of the log: each of its words still stands in the sources, and
the status page knows advice for the same words of CAs."""

import errno
import os
import re

from tree import REPOSITORY, sources

PAGE = REPOSITORY / "docs" / "TROUBLESHOOTING.md"
ADVICE = REPOSITORY / "acmecore" / "serve" / "status_advice.cpp"
SPAN = re.compile(r"`([^`]+)`")
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
OF_THE_SYSTEM = {os.strerror(number) for number in errno.errorcode}


def literals(text):
    """All string literals of a source, those that the compiler joins in one."""
    joined = re.sub(r'(?<!\\)"\s*\n\s*"', "", text)
    return [re.sub(r"\\(.)", r"\1", each) for each in LITERAL.findall(joined)]


def said():
    return "\0".join(each for path in sources("acmecore", "ngx_acme_module", "mod_acme_apache")
                     for each in literals(path.read_text()))


def quoted():
    return [span for line in PAGE.read_text().splitlines() if line.startswith("### ")
            for span in SPAN.findall(line)]


def test_each_line_that_is_explained_is_one_that_is_written():
    text = said()
    assert len(quoted()) >= 40
    gone = [span for span in quoted() if span not in text and span not in OF_THE_SYSTEM]
    assert not gone, gone


def test_the_status_page_and_the_document_know_the_same_words_of_cas():
    signs = re.findall(r'^    \{"([^"]+)",', ADVICE.read_text(), re.M)
    rows = re.findall(r"^\| `([^`]+)` \| .* \|$", PAGE.read_text().partition("By the words")[2]
                      .partition("\n### ")[0], re.M)
    assert rows == signs


def test_the_check_itself_tells_right_from_wrong():
    assert literals('say("one "\n    "and two", x + " \\"three\\"");') == ["one and two", ' "three"']
