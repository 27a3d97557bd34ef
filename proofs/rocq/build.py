"""``make rocq``: builds the theorems under ``proofs/rocq``, prints their axioms, and fails where a theorem does not hold.

The sources are compiled in ``build/rocq``, with ``Generated.v`` written afresh from the operators. A comment
``(* backs: gates.add *)`` before a theorem names the lemmas whose scope it backs for all n. Two checkers of proofs that are
proved sound there become programs, ``build/lrat-check`` and ``build/smt-check``. So does ``theorem/Statement.v``, which states
in definitions alone that a transformer runs every PRAM program: ``build/pram-kernel`` is its semantics; and
``build/plan-check`` is the check that a plan computes what a definition defines. Coq 8.16 or later and OCaml.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from efasp.proofs.rocq import export
from efasp.proofs.rocq.statement_text import plans_theory

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "proofs" / "rocq"
BUILD = ROOT / "build" / "rocq"
FILES = (
    "Form", "Gates", "Product", "Attention", "Lookups", "Match", "Aggregates", "Log", "Slots", "Softmax", "Generated",
)  # fmt: skip
CHECKER_FILES = ("Lrat", "Smt", "Script", "Extract")
# Under ``theorem``: that a plan which follows a definition computes what it defines; and what is extracted.
FOLLOWS_FILES = (
    "Scalars", "Terms", "TermsSound", "Interning", "Worlds", "InterningSound", "WorldExists", "Follows", "PlanSound",
    "FollowsSound", "CodeFacts", "Accepted",
)  # fmt: skip
KERNEL_FILES = ("Statement", *FOLLOWS_FILES, "Kernel")
# That the definition of the step, a function of w, is the PRAM's step, so that a plan which follows it runs every program; the
# emitted plans of the narrowest word do.
STEP_FILES = (
    "StepBuilder", "StepDefinition", "StepModel", "StepReading", "StepWords", "StepArithmetic", "StepExecute", "StepEffect",
    "StepOutput", "Matching", "StepMatch", "Positions", "Reached", "LogSites", "LogMatches", "StepCodes", "StepReads",
    "StepFetch", "StepView", "CellReads", "StepCells", "StepOwn", "CellPass", "StepWriter", "LogReads", "LogLatest",
    "StepLog", "StepLogView", "StepLogPass", "ScalarsModel", "StepAnswers", "StepDefined", "StepCellPass", "Accepts",
    "Emitted",
)  # fmt: skip
# That for every w there is a plan of constant depth and linear width.
EXISTENCE_FILES = (
    "Direct", "DirectParts", "DirectSound", "DirectSizes", "StepCount", "StepCountWords", "StepCountCode", "StepCountStep",
    "Sizes", "Existence", "ExistenceShown",
)  # fmt: skip
# The proofs about the statement: sequences are read as they are written; a plan runs every program if each pass is right, and a
# pass of a plan that follows a definition is right if the definition's is; and plans, written from the compiler, run some
# programs in the kernel.
SHOWN_FILES = ("Sequences", "Composition", "Passes", "Plans", "Runs", *STEP_FILES, *EXISTENCE_FILES)
# Of every program the files that it is compiled from; the first come from extraction.
PROGRAMS = {
    "lrat_check": ("checkers.mli", "checkers.ml", "reading.ml", "lrat_check.ml"),
    "smt_check": ("checkers.mli", "checkers.ml", "reading.ml", "smt_check.ml"),
    "pram_kernel": ("statement.mli", "statement.ml", "plan_text.ml", "pram_kernel.ml"),
    "plan_check": ("statement.mli", "statement.ml", "plan_text.ml", "plan_check.ml"),
}
# The axioms of the standard library's real numbers and their analysis; no others are allowed, and these only in files
# about reals.
REALS = (
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
)
REAL_FILES = ("Softmax", "Script")
SECONDS = 300  # for one file; the slowest takes a few
MISSING_OCAML = "ocamlopt not found: expected OCaml 4.13 or later on the path (Debian: apt-get install ocaml-nox)"
MISSING = "coqc not found: expected Coq 8.16 or later on the path (Debian: apt-get install coq ocaml-nox)"
NOT_FOUND = {"coqc": MISSING, "ocamlopt": MISSING_OCAML}
BACKS = re.compile(r"\(\* backs: ([^*]+) \*\)\s*(?:Theorem|Corollary|Lemma) (\w+)")


@dataclass(frozen=True)
class Theorem:
    """A theorem, and the lemmas whose scope it backs."""

    file: str
    name: str
    backs: tuple[str, ...]


SOUND = (Theorem("Lrat", "check_sound", ()), Theorem("Script", "accepted_sound", ()))
# The propositions, which are definitions: what they rest on is printed all the same; and what is shown of them so far.
STATED = (
    *(Theorem("Statement", name, ()) for name in ("runs_pram_mdm", "runs_pram_apmdm")),
    *(Theorem("Sequences", name, ()) for name in ("log_length", "log_read", "cell_length", "cells_read")),
    *(Theorem("Composition", name, ()) for name in ("mdm_from_passes", "apmdm_from_passes")),
    Theorem("FollowsSound", "follows_sound", ()),
    *(Theorem("Accepted", name, ()) for name in ("log_readings", "cell_answers")),
    *(Theorem("Passes", name, ()) for name in ("follows_mdm", "follows_apmdm")),
    Theorem("Accepts", "accepts_sound", ()),
    *(Theorem("Emitted", name, ()) for name in ("emitted_mdm", "emitted_apmdm")),
    *(Theorem("Existence", name, ()) for name in ("exists_for_all_n", "exists_for_all_n_extended")),
    *(Theorem("Runs", f"{name}_{engine}", ()) for name in ("loop", "conflict", "outside") for engine in ("mdm", "apmdm")),
)


class RocqError(Exception):
    """A file that does not compile, or a theorem that assumes something; says which, and Coq's message."""


def theorems() -> list[Theorem]:
    """The theorems that back lemmas, in order."""
    found = []
    for file in FILES:
        for lemmas, name in BACKS.findall((SOURCES / f"{file}.v").read_text()):
            found.append(Theorem(file, name, tuple(lemmas.split())))
    return found


def backed() -> dict[str, list[str]]:
    """For every lemma that is backed the theorems that do."""
    out: dict[str, list[str]] = {}
    for theorem in theorems():
        for lemma in theorem.backs:
            out.setdefault(lemma, []).append(theorem.name)
    return out


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time builds in a folder; the others wait, and then find its results."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def compiled(texts: Mapping[str, str], folder: Path) -> list[str]:
    """Compile files in order, each with those before it; the names of those that were not yet. Raises RocqError."""
    fresh, digest = [], hashlib.sha256(version().encode())
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        digest.update(f"{name}\n{text}\n".encode())
        source, stamp = folder / f"{name}.v", folder / f"{name}.stamp"
        known = digest.copy().hexdigest()
        if stamp.exists() and stamp.read_text() == known and source.with_suffix(".vo").exists():
            continue
        stamp.unlink(missing_ok=True)
        source.write_text(text)
        coqc(source)
        stamp.write_text(known)
        fresh.append(name)
    return fresh


def coqc(source: Path) -> str:
    """The output of coqc. Raises RocqError where the file does not compile."""
    return ran(["coqc", "-q", "-Q", ".", "Efasp", source.name], source.parent, f"{source.name} does not compile")


def ran(command: Sequence[str], folder: Path, failure: str, given: str = "", seconds: float = SECONDS) -> str:
    """The output of a command, whose standard input is ``given``. Raises RocqError where it is not installed, fails or does
    not end."""
    try:
        done = subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, timeout=seconds)
    except FileNotFoundError:
        raise RocqError(NOT_FOUND.get(command[0], f"{command[0]}: not found")) from None
    except subprocess.TimeoutExpired:
        raise RocqError(f"{failure}: {command[0]} did not end within {seconds} s") from None
    if done.returncode:
        raise RocqError(f"{failure}:\n{done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def programs(folder: Path = BUILD) -> dict[str, Path]:
    """What is extracted as programs, built where they are not yet: by name (``lrat-check``), the file. Raises RocqError."""
    found = {name.replace("_", "-"): folder.parent / name.replace("_", "-") for name in PROGRAMS}
    with locked(folder):
        fresh = compiled({name: theory(name).read_text() for name in CHECKER_FILES}, folder)
        fresh += compiled({name: theory(name).read_text() for name in KERNEL_FILES}, folder)
        for written in sorted(SOURCES.rglob("*.ml")):
            copy = folder / written.name
            if not copy.exists() or copy.read_text() != written.read_text():
                copy.write_text(written.read_text())
                fresh.append(written.name)
        if fresh or not all(path.exists() for path in found.values()):
            for (name, parts), path in zip(PROGRAMS.items(), found.values(), strict=True):
                path.unlink(missing_ok=True)
                ran(["ocamlopt", "-w", "-a", *parts, "-o", str(path.resolve())], folder, f"{name}.ml does not compile")
    return found


def theory(name: str) -> Path:
    """The file of a theory that is written by hand."""
    return SOURCES / "theorem" / f"{name}.v" if name in (*KERNEL_FILES, *SHOWN_FILES) else SOURCES / f"{name}.v"


def version() -> str:
    """``The Coq Proof Assistant, version 8.16.1``. Raises RocqError."""
    return ran(["coqc", "--version"], ROOT, "coqc --version fails").splitlines()[0]


def assumptions(of: Sequence[Theorem], folder: Path = BUILD) -> dict[str, tuple[str, ...]]:
    """For every file the axioms that its theorems rest on, all together, as Coq prints them. Raises RocqError."""
    names = {file: [theorem.name for theorem in of if theorem.file == file] for file in dict.fromkeys(t.file for t in of)}
    lines = [f"From Efasp Require {' '.join(names)}."]
    for file, inside in names.items():
        lines.append(f"Definition of_{file} := ({', '.join(f'@{file}.{name}' for name in inside)}).")
        lines.append(f"Print Assumptions of_{file}.")
    source = folder / "Assumptions.v"
    source.write_text("\n".join(lines) + "\n")
    blocks = re.split(r"^(?=Closed under|Axioms:|Section Variables:)", coqc(source), flags=re.MULTILINE)[1:]
    if len(blocks) != len(names):
        raise RocqError(f"Assumptions.v: expected {len(names)} answers, found {len(blocks)}")
    return {name: printed(block) for name, block in zip(names, blocks, strict=True)}


def printed(block: str) -> tuple[str, ...]:
    """The axioms of one answer to Print Assumptions; of an answer that is not understood the answer itself."""
    if block.strip() == "Closed under the global context":
        return ()
    return tuple(re.findall(r"^(\S+)\s*:", block.partition("\n")[2], re.MULTILINE)) or (block,)


def wrong(found: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The axioms of a file's theorems that are not allowed."""
    bad = {file: [a for a in axioms if file not in REAL_FILES or a not in REALS] for file, axioms in found.items()}
    return [f"{file}: assumes {axiom}" for file, axioms in bad.items() for axiom in axioms]


def texts() -> dict[str, str]:
    """The files, by name; ``Generated.v`` is generated anew."""
    return {name: export.text() if name == "Generated" else (SOURCES / f"{name}.v").read_text() for name in FILES}


def shown() -> dict[str, str]:
    """The statement and the files that speak of it, by name; what is generated is generated now."""
    made = {"Plans": plans_theory()}
    return {name: made.get(name) or theory(name).read_text() for name in ("Statement", *FOLLOWS_FILES, *SHOWN_FILES)}


def main() -> int:
    """Build, print assumptions, compare: 0 if all holds, 1 if not."""
    try:
        version()  # before the operators are read, which takes seconds
        sources = texts()
        with locked(BUILD):
            compiled(sources, BUILD)
        built = programs()
        with locked(BUILD):
            compiled(shown(), BUILD)
        named = [*theorems(), *SOUND, *STATED]
        found = assumptions(named)
        for file, axioms in found.items():
            for theorem in (theorem for theorem in named if theorem.file == file):
                backs = " ".join(theorem.backs) or ("the statement" if theorem in STATED else "its checker")
                print(f"{file}.{theorem.name}, for {backs}")
            print(f"{file}: {'assumes ' + ', '.join(axioms) if axioms else 'closed under the global context'}")
        if bad := wrong(found):
            raise RocqError("\n".join(bad))
        if sources["Generated"] != (SOURCES / "Generated.v").read_text():
            raise RocqError(
                "Generated.v: expected what the operators give, found another text: python -m efasp.proofs.rocq.export"
            )
    except RocqError as error:
        print(f"rocq: {error}", file=sys.stderr)
        return 1
    print(f"{version()}: {len(theorems())} theorems for {len(backed())} lemmas; {', '.join(built)} in build/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
