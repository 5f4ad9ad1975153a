"""Tests and files that a document names, for the tests of this folder."""

import re

from tree import REPOSITORY

TEST = re.compile(r"`((?:e2e|unit|fault|structure)/[a-z0-9_/]+): (\w+)`")
FILE = re.compile(r"`((?:[a-z0-9_.]+/)+[a-z0-9_]+\.(?:cpp|h|c|py|def|conf|md))`")


def source_of(file):
    kind = "py" if file.startswith(("e2e/", "structure/")) else "cpp"
    path = REPOSITORY / "tests" / f"{file}.{kind}"
    return path.read_text() if path.is_file() else ""


def exists(file, test):
    return re.search(rf"^(def {test}\(|TEST\({test}\))", source_of(file), re.MULTILINE) is not None


def missing_tests(text):
    return [f"{file}: {test}" for file, test in TEST.findall(text) if not exists(file, test)]


def missing_files(text):
    """Paths are the repository's, or begin in acmecore/."""
    return [name for name in FILE.findall(text)
            if not any((REPOSITORY / folder / name).is_file() for folder in ("", "acmecore"))]
