"""Plain text as troff's man macros have it, for the scripts that write man pages."""

DATE = "2026-11-27"  # of the last page that was changed: a page made again is the same page

_SPECIAL = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti",
            "\u2013": "\\(en", "\u2026": "...", "\u2265": ">=", "\u00e9": "\\('e"}


def escaped(text):
    out = "".join(_SPECIAL.get(letter, letter) for letter in text)
    assert out.isascii(), f"say in scripts/troff.py what troff calls the letters of: {text}"
    return "\\&" + out if out.startswith((".", "'")) else out


def macro(name, *arguments):
    quoted = (escaped(argument).replace('"', "\\(dq") for argument in arguments)
    return " ".join([f".{name}", *(f'"{argument}"' for argument in quoted)])


def head(name, section, title, what):
    return [f'.\\" Made by {what}: change what it is made from.',
            f'.TH {escaped(name)} {section} {DATE} acmecore "{title}"']


def tagged(tag, *paragraphs):
    """A paragraph behind its tag, which is troff already."""
    lines = [".TP", tag]
    for i, paragraph in enumerate(paragraphs):
        lines += [".br"] * (i > 0) + [escaped(paragraph)]
    return lines
