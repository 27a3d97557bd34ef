"""``make rocq-mutants``: small changes of definitions that theorems are about, each of which must break a proof.

They are of the statements, ``theorem/Statement.v`` and ``theorem/OneProgram.v``, of the definition of the step and of what is
accepted, of other files of definitions, and of programs' texts, ``ComponentsText``, ``ClausesText`` and ``BracketsText``. The
proofs are compiled in order with the changed file, in a folder of their own, until a file fails. A change that leaves every
file in order survives: the theorems would hold of another machine, transformer, process or program than the one that is meant.
A change with which the changed file itself does not compile, outside its proofs, is an error of the list.
"""

from __future__ import annotations

import re
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from efasp.proofs.rocq.build import BUILD, PROOF_FILES, SOURCES, RocqError, compiled, sources, version

STATEMENT = "Statement"
JOBS = 2


@dataclass(frozen=True)
class Change:
    """A change: passages of a file, each of which is there once, and what they become."""

    name: str
    passages: tuple[tuple[str, str], ...]
    file: str = STATEMENT

    def of(self, text: str) -> str:
        """The changed text. Raises RocqError for a passage that is not there once."""
        for old, new in self.passages:
            if text.count(old) != 1:
                found = f"found it {text.count(old)} times"
                raise RocqError(f"mutants.toml: {self.name}: expected {old!r} once in {self.file}.v, {found}")
            text = text.replace(old, new)
        return text


def load(path: Path = SOURCES / "mutants.toml") -> list[Change]:
    """The changes that are listed."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["change"]
    return [
        Change(row["name"], ((row["old"], row["new"]), *map(tuple, row.get("also", ()))), row.get("file", STATEMENT))
        for row in rows
    ]


def broken(change: Change, texts: dict[str, str]) -> str:
    """The first file that does not compile with a change ("" if every one does). Raises RocqError if it is the changed one, and
    not by a proof there."""
    file, error = first_broken(change, texts)
    if error is not None and file == change.file and not in_a_proof(change.of(texts[file]), str(error)):
        raise error
    return file


def in_a_proof(text: str, message: str) -> bool:
    """Whether Coq's message about a file names a place within a proof."""
    line, character = map(int, re.findall(r"line (\d+), characters (\d+)", message)[-1])
    *lines, last = text.splitlines()[:line]
    before = "\n".join([*lines, last[:character]])
    return before.count("Proof.") > len(re.findall(r"\b(?:Qed|Defined)\.", before))


def first_broken(change: Change, texts: dict[str, str]) -> tuple[str, RocqError | None]:
    """The first file that does not compile with a change, the changed one or one after it, and the error; ("", None) if every
    one does. The files before the changed one in ``texts`` are taken as they are compiled in ``build/rocq``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in takewhile(lambda file: file != change.file, texts):
            for built in BUILD.glob(f"{file}.*"):
                (folder / built.name).write_bytes(built.read_bytes())
        changed = {**texts, change.file: change.of(texts[change.file])}
        try:
            compiled(changed, folder)
        except RocqError as error:
            return next(file for file in changed if not (folder / f"{file}.stamp").exists()), error
    return "", None


def main(names: Sequence[str] = ()) -> int:
    """Try the changes, or those of which the names are given: 0 if each breaks a proof."""
    try:
        version()
        texts = sources(PROOF_FILES)
        changes = [change for change in load() if not names or change.name in names]
        with ThreadPoolExecutor(JOBS) as pool:
            files = list(pool.map(lambda change: broken(change, texts), changes))
    except RocqError as error:
        print(f"rocq-mutants: {error}", file=sys.stderr)
        return 1
    for change, file in zip(changes, files, strict=True):
        print(f"{'survived' if not file else f'breaks {file}.v'}: {change.name}")
    survived = files.count("")
    print(f"{len(files)} changes: {len(files) - survived} break a proof, {survived} survived")
    return 1 if survived or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
