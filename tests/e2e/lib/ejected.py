"""What an operator does who follows `acmectl eject`: the configuration is edited as it says."""

import re
from pathlib import Path


def follow(text):
    """Writes the lines into their blocks and removes what is to go."""
    inserted, removed = {}, []
    block = None
    for line in text.splitlines():
        if found := re.match(r"# In (\S+):(\d+), ", line):
            block = inserted.setdefault((found[1], int(found[2])), [])
        elif found := re.match(r"# (/\S+):(\d+): (.*)", line):
            removed.append((found[1], int(found[2]), found[3]))
        elif line and not line.startswith("#"):
            block.append(line)
    for path in {place[0] for place in inserted} | {row[0] for row in removed}:
        lines = Path(path).read_text().splitlines()
        gone = set()
        for _, number, what in (row for row in removed if row[0] == path):
            last = _end_of_block(lines, number) if "whole block" in what else number
            gone.update(range(number, last + 1))
        Path(path).write_text("\n".join(
            each for number, line in enumerate(lines, 1)
            for each in ([] if number in gone else [line]) + inserted.get((path, number), [])) + "\n")


def _end_of_block(lines, number):
    while lines[number - 1].strip() not in ("}", "</ACMEIssuer>"):
        number += 1
    return number
