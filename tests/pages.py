"""Pages of Markdown that tests read: their fenced blocks, headings, and tables. By lines and regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
ASSEMBLY, COMMANDS = ROOT / "docs" / "assembly.md", ROOT / "docs" / "commands.md"


class Fence(NamedTuple):
    """A fenced block: what stands behind the opening fence, and the lines up to the closing one."""

    info: str
    lines: list[str]


def parts(text: str) -> Iterator[str | Fence]:
    """The lines of a page, each fenced block as one part."""
    fence: Fence | None = None
    for line in text.splitlines():
        if line.startswith("```"):
            if fence is None:
                fence = Fence(line.removeprefix("```").strip(), [])
            else:
                yield fence
                fence = None
        elif fence is None:
            yield line
        else:
            fence.lines.append(line)
    assert fence is None, "a fenced block without its end"


def fences(page: Path, kind: str) -> list[Fence]:
    """The fenced blocks of a page whose first word is ``kind``."""
    found = (part for part in parts(page.read_text()) if isinstance(part, Fence))
    return [fence for fence in found if fence.info.split(" ")[0] == kind]


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return "\n".join(part for part in parts(text) if isinstance(part, str))


def headings(text: str) -> list[str]:
    """The headings of a page, without backticks."""
    found = (re.fullmatch(r"#{1,6} +(.+?)", line) for line in prose(text).splitlines())
    return [match[1].replace("`", "") for match in found if match]


def tables(page: Path, heading: str) -> list[list[list[str]]]:
    """The tables under a heading, up to the next heading: rows of cells, the first row the table's headings."""
    found: list[list[list[str]]] = []
    here, before = False, ""
    for line in prose(page.read_text()).splitlines():
        if line.startswith("#"):
            here = line.lstrip("# ").replace("`", "") == heading
        elif here and line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            if not re.fullmatch(r"[|:\-]+", line):
                found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        before = line
    return found


def keys(page: Path, heading: str) -> list[list[str]]:
    """Of each table under a heading whose first column is ``key`` the keys, in order."""
    return [[row[0].strip("`") for row in table[1:]] for table in tables(page, heading) if table[0][0] == "key"]
