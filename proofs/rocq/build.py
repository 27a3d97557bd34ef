"""``make rocq``: builds the theorems under ``proofs/rocq``, prints their axioms, and fails where a theorem does not hold.

The sources are compiled in ``build/rocq`` (of a checkout, or else of the cache folder), with ``Generated.v`` written afresh
from the operators. A comment
``(* backs: gates.add *)`` before a theorem names the lemmas whose scope it backs for all n. Two checkers of proofs that are
proved sound there become programs, ``build/lrat-check`` and ``build/smt-check``. So does ``theorem/Statement.v``, which states
in definitions alone that a transformer runs every PRAM program: ``build/pram-kernel`` is its semantics; and
``build/plan-check`` accepts plans that do, or that run one program, by ``theorem/Accepts.v``. Coq 8.16 or later and OCaml.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from efasp.files import cache_folder, checkout
from efasp.proofs.rocq import export, library_text, program_text, readouts
from efasp.proofs.rocq.statement_text import plans_theory

SOURCES = Path(__file__).resolve().parent
BUILD = (checkout() or cache_folder()) / "build" / "rocq"
# Theorems about operators, matches, logs and cells: those that the theorem about plans rests on, and the others.
BASE_FILES = ("Form", "Gates", "Product", "Attention", "Lookups", "Match", "Log", "Slots")
# About the other claims: stochastic generation, edits, quantified formulas.
CLAIM_FILES = (
    "TwoSidedDyck", "AutoregressiveSupport", "Preserve", "PreserveRun", "PreserveParallel", "Quantified",
)  # fmt: skip
FILES = (*BASE_FILES, "Aggregates", "Softmax", "Generated", *CLAIM_FILES)
# The read-outs of the program whose runs TwoSidedDyck speaks of, written from the program.
READOUT_FILES = (*FILES, "Readouts")
CHECKER_FILES = ("Lrat", "Smt", "SmtMeaning", "Script", "Extract")
# Under ``theorem``, each after those that it rests on. The statement, and that a plan runs every program if each pass is right,
# and the same for one program; what a pass reads and writes in sequences; that a plan which follows a definition computes what
# it defines; the step's definition, what it computes in place and over the log; and the theorems, with what follows from the
# first: resources, and machines of stricter policies. ``Kernel`` extracts.
THEOREM_FILES = (
    "Statement", "Sequences", "Composition", "OneProgram", "OneComposition", "Scalars",
    "Matching", "Positions", "Reached", "CellReads", "CellPass", "LogSites", "OneSites", "LogMatches", "LogReads", "LogLatest",
    "ScalarsModel", "Terms", "TermsSound", "Interning", "Worlds", "WorldExists", "InterningSound", "Follows",
    "PlanSound", "FollowsSound", "CodeFacts", "Accepted",
    "StepBuilder", "StepDefinition", "StepModel", "StepReading", "StepWords", "StepArithmetic", "StepExecute", "StepEffect",
    "StepOutput", "StepAnswers", "StepMatch", "StepCodes", "StepReads", "StepFetch", "StepSelect", "StepView", "StepOwn",
    "StepCells", "StepWriter", "StepDefined", "StepCellPass", "StepLog", "StepLogView", "StepLogPass",
    "Accepts", "Resources", "Policies",
)  # fmt: skip
KERNEL_FILES = (*THEOREM_FILES, "Kernel")
# That there is a plan that is accepted, of constant depth and linear width, for every word width: one without reuse of
# coordinates, and its sizes; and that what a table is asked twice it answers alike, so that the plan is read as its definition.
EXISTENCE_FILES = (
    "Direct", "DirectPlaced", "DirectSizes", "StepCount", "StepCountWords", "StepCountCode", "StepCountStep", "Sizes",
    "StepSizes", "TermsNormal", "InterningStable", "InterningTidy", "InterningAgain", "DefinitionRead", "DirectRead",
    "DirectFollows", "DirectAccepted", "Existence", "ExistenceShown",
)  # fmt: skip
# That every plan is a program of E-FASP, and every such program a plan; and that small plans' programs are what is written.
DIRECTION_FILES = ("Programs", "Decompiled", "Compiled", "Written")
# Any order: a Masked-ARM of any encoder, and that of any transformer as a transformer.
ARM_FILES = ("MaskedArm", "MaskedArmPlan", "MaskedArmRows", "MaskedArmRight")
# Plans, written from the compiler: some run some programs in the kernel, and are accepted there.
PLAN_FILES = ("Plans", "Runs", "Emitted")
# Of programs of the library the relation of their rounds, and their texts (``ComponentsText``, ``ClausesText`` and
# ``BracketsText`` are written from the assembler) in the statement's PRAM: that `components` computes the connected components
# of every graph, and `clauses` what follows from facts by clauses, so which words a grammar derives, and which are balanced
# (``Dyck``, definitions alone); and after how many steps `dyck2` halts.
RELATION_FILES = ("Connectivity", "ConnectivityRounds", "ContextFree")
PROGRAM_FILES = (
    "Lockstep", "ComponentsText", "ComponentsParts", "ComponentsLoop", "ComponentsStart", "Components", "ComponentsShown",
    "Parted", "ClausesText", "ClausesRounds", "Clauses", "ClausesGrammar", "ClausesTable",
    "Dyck", "ClausesDyck", "ClausesShown", "Alone", "BracketsText", "BracketsSteps",
)  # fmt: skip
# Those with the theorems.
SOLVING_FILES = ("Components", "Clauses", "ClausesGrammar", "ClausesTable", "ClausesDyck", "BracketsSteps")
# All that rests on the statement, in the folder ``theorem``, and what that rests on: the relations only where they are needed,
# so that files before them are compiled once for all purposes (``stale``).
SHARED_FILES = (*THEOREM_FILES, *PLAN_FILES, *EXISTENCE_FILES, *DIRECTION_FILES, *ARM_FILES)
STATED_FILES = (*SHARED_FILES, *PROGRAM_FILES)
PROOF_FILES = (*BASE_FILES, *SHARED_FILES, *RELATION_FILES, *PROGRAM_FILES)
# Of every program the files that it is compiled from; the first come from extraction.
PROGRAMS = {
    "lrat-check": ("checkers.mli", "checkers.ml", "reading.ml", "lrat_check.ml"),
    "smt-check": ("checkers.mli", "checkers.ml", "reading.ml", "smt_check.ml"),
    "pram-kernel": ("statement.mli", "statement.ml", "plan_text.ml", "pram_kernel.ml"),
    "plan-check": ("statement.mli", "statement.ml", "plan_text.ml", "plan_check.ml"),
}
CHECKERS = ("lrat-check", "smt-check")  # of proofs; the others speak of the theorem about plans
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
READ = tuple(Theorem("Readouts", f"read_outs_{k}", ("generation.rule",)) for k in readouts.WRITTEN)
# The propositions, which are definitions, and the theorems about them: the assumptions of both are printed.
STATED = (
    *(Theorem("Statement", name, ()) for name in ("runs_pram_mdm", "runs_pram_apmdm")),
    *(Theorem("Sequences", name, ()) for name in ("log_length", "log_read", "cell_length", "cells_read")),
    *(Theorem("Composition", name, ()) for name in ("mdm_from_passes", "apmdm_from_passes")),
    *(Theorem("OneProgram", name, ()) for name in ("runs_one_mdm", "runs_one_apmdm")),
    *(Theorem("OneComposition", name, ()) for name in ("one_mdm_from_passes", "one_apmdm_from_passes")),
    Theorem("FollowsSound", "follows_sound", ()),
    *(Theorem("Accepts", name, ()) for name in ("accepts_sound", "accepts_one_sound", "accepts_one_some")),
    *(Theorem("Resources", name, ()) for name in ("confluence", "context_mdm", "context_apmdm", "steps")),
    *(Theorem("Policies", name, ()) for name in ("loads_all", "loads_needed", "legal_weaker", "common_exact")),
    *(Theorem("Policies", name, ()) for name in ("simulates", "simulates_breach", "run_legal", "accepted_policies")),
    *(Theorem("Policies", name, ()) for name in ("arbitrary_run", "arbitrary_correct", "arbitrary_only", "accepted_arbitrary")),
    *(Theorem("Emitted", name, ()) for name in ("emitted_mdm", "emitted_apmdm")),
    Theorem("DirectFollows", "direct_follows", ()),
    Theorem("DirectAccepted", "direct_accepted", ()),
    *(Theorem("Existence", name, ()) for name in ("exists_for_all_n", "exists_for_all_n_extended")),
    *(Theorem("Accepted", name, ()) for name in ("log_readings", "cell_answers")),
    *(Theorem("Decompiled", name, ()) for name in ("decompiled_stream", "decompiled_outputs", "agreeing_readings")),
    *(Theorem("Compiled", name, ()) for name in ("compiled_outputs", "compiled_depth", "F_transformer_to_program")),
    *(Theorem("Compiled", name, ()) for name in ("F_program_to_transformer", "F")),
    Theorem("Written", "written", ()),
    *(Theorem("MaskedArmRight", name, ()) for name in ("armed_generates", "armed_layers", "armed_width", "T3")),
    *(Theorem("Components", name, ()) for name in ("components_valid", "components_decoded")),
    *(Theorem("Clauses", name, ()) for name in ("clauses_valid", "clauses_decoded")),
    Theorem("ClausesGrammar", "context_free_decoded", ()),
    *(Theorem("ClausesTable", name, ()) for name in ("suited_exists", "is_table_right")),
    *(Theorem("ClausesDyck", name, ()) for name in ("balanced_nested", "dyck_derived")),
    *(Theorem("ClausesDyck", name, ()) for name in ("dyck_suited", "dyck_decoded", "dyck_exists")),
    *(Theorem("Runs", f"{name}_{engine}", ()) for name in ("loop", "conflict", "outside") for engine in ("mdm", "apmdm")),
)


# Those that claims name are of these files; and what ``make rocq`` writes down of them.
CLAIMED = (
    "Accepts", "Resources", "Policies", "DirectAccepted", "Existence", "Decompiled", "Compiled", "Written",
    "Readouts", *ARM_FILES, *CLAIM_FILES, *RELATION_FILES, *SOLVING_FILES,
)  # fmt: skip
RECORD = "theorems.json"
# Written from operators, programs and the compiler.
GENERATED = ("Generated", "Plans", "Readouts", "Written", *library_text.TEXTS)


class RocqError(Exception):
    """A file that does not compile, or a theorem that assumes something; says which, and Coq's message."""


def theorems() -> list[Theorem]:
    """The theorems that back lemmas, in the order of the files."""
    listed = []
    for file in (*FILES, *ARM_FILES, *RELATION_FILES, *SOLVING_FILES):
        for lemmas, name in BACKS.findall(theory(file).read_text()):
            listed.append(Theorem(file, name, tuple(lemmas.split())))
    return listed


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


OnFile = Callable[[int, int], None]  # called before each file: how many are compiled, of how many that have to be


def compiled(texts: Mapping[str, str], folder: Path, on_file: OnFile = lambda done, count: None) -> list[str]:
    """Compile files in order, each with those before it; the names of those that were not yet. Raises RocqError."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = stale(texts, folder)
    for done, (name, known) in enumerate(fresh.items()):
        on_file(done, len(fresh))
        source, stamp = folder / f"{name}.v", folder / f"{name}.stamp"
        stamp.unlink(missing_ok=True)
        source.write_text(texts[name])
        coqc(source)
        stamp.write_text(known)
    return [*fresh]


def stale(texts: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The files that are not compiled with those before them, in order, each with its stamp to be. Raises RocqError."""
    keys, digest = {}, hashlib.sha256(version().encode())
    for name, text in texts.items():
        digest.update(f"{name}\n{text}\n".encode())
        stamp, known = folder / f"{name}.stamp", digest.copy().hexdigest()
        if not (stamp.exists() and stamp.read_text() == known and (folder / f"{name}.vo").exists()):
            keys[name] = known
    return keys


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


def programs(
    names: Collection[str] = CHECKERS, folder: Path = BUILD, on_file: OnFile = lambda done, count: None
) -> dict[str, Path]:
    """Programs that are extracted, built where they are not yet: by name (``lrat-check``), the file. Raises RocqError.

    By default those that check proofs; the others take the compilation of the theorem about plans, a minute or two. ``on_file``
    as for ``compiled``.
    """
    paths = {name: folder.parent / name for name in names}
    with locked(folder):
        if {*names} & {*CHECKERS}:
            compiled(sources(CHECKER_FILES), folder, on_file)
        if {*names} - {*CHECKERS}:
            compiled(sources((*BASE_FILES, *KERNEL_FILES)), folder, on_file)
        for written in sorted(SOURCES.rglob("*.ml")):
            (folder / written.name).write_text(written.read_text())
        for name, path in paths.items():
            parts, stamp = PROGRAMS[name], folder / f"{name}.stamp"
            known = hashlib.sha256(b"".join((folder / part).read_bytes() for part in parts)).hexdigest()
            if not path.exists() or not stamp.exists() or stamp.read_text() != known:
                stamp.unlink(missing_ok=True)
                ran(["ocamlopt", "-w", "-a", *parts, "-o", str(path.resolve())], folder, f"{parts[-1]} does not compile")
                stamp.write_text(known)
    return paths


def theory(name: str) -> Path:
    """The file of a theory that is written by hand."""
    inside = name in (*KERNEL_FILES, *STATED_FILES)
    return (SOURCES / "theorem" if inside else SOURCES) / f"{name}.v"


def version() -> str:
    """``The Coq Proof Assistant, version 8.16.1``. Raises RocqError."""
    return ran(["coqc", "--version"], SOURCES, "coqc --version fails").splitlines()[0]


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


def written(files: Iterable[str]) -> str:
    """A digest of the texts of files that are written by hand."""
    texts = [f"{name}\n{theory(name).read_text()}\n" for name in files if name not in GENERATED]
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def record(found: Mapping[str, tuple[str, ...]], folder: Path = BUILD) -> None:
    """Write down that the theorems that claims name were compiled and what they assume, for ``standing``."""
    axioms: dict[str, tuple[str, ...]] = {}
    for theorem in (*theorems(), *READ, *STATED):
        if theorem.file in CLAIMED:  # of two that have one name neither may assume anything
            axioms[theorem.name] = axioms.get(theorem.name, ()) + found[theorem.file]
    known = {"version": version(), "digest": written((*FILES, *PROOF_FILES)), "axioms": axioms}
    (folder / RECORD).write_text(json.dumps(known))


def standing(folder: Path = BUILD) -> dict[str, str]:
    """Of the theorems that claims name, those whose proofs were compiled in ``folder`` from the sources as they are now, each
    with how that is known."""
    try:
        known = json.loads((folder / RECORD).read_text())
        if known["digest"] == written((*FILES, *PROOF_FILES)):
            how = f"compiled by make rocq, without axioms; {known['version']}"
            return {name: how for name, axioms in known["axioms"].items() if not axioms}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # not there, or not as it is written here
    try:
        pending = stale(sources((*BASE_FILES, *THEOREM_FILES)), folder)
    except RocqError:
        return {}
    names = [theorem.name for theorem in STATED if theorem.file == "Accepts"]
    return {} if pending else dict.fromkeys(names, "compiled for plan-check; make rocq also prints its axioms")


def wrong(found: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The axioms of a file's theorems that are not allowed."""
    bad = {file: [a for a in axioms if file not in REAL_FILES or a not in REALS] for file, axioms in found.items()}
    return [f"{file}: assumes {axiom}" for file, axioms in bad.items() for axiom in axioms]


def sources(names: Iterable[str]) -> dict[str, str]:
    """Files by name; of those that are generated what is generated now."""
    made: dict[str, Callable[[], str]] = {
        "Generated": export.text, "Plans": plans_theory, "Readouts": readouts.text, "Written": program_text.theory,
        **{name: partial(library_text.text, name) for name in library_text.TEXTS},
    }  # fmt: skip
    return {name: made[name]() if name in made else theory(name).read_text() for name in names}


def main() -> int:
    """Build, print assumptions, compare: 0 if all holds, 1 if not."""
    try:
        version()  # before the operators are read, which takes seconds
        texts = sources(dict.fromkeys((*READOUT_FILES, *PROOF_FILES)))
        with locked(BUILD):
            for files in (READOUT_FILES, PROOF_FILES):
                compiled({name: texts[name] for name in files}, BUILD)
        built = programs(tuple(PROGRAMS))
        named = [*theorems(), *SOUND, *READ, *STATED]
        axioms_of = assumptions(named)
        for file, axioms in axioms_of.items():
            for theorem in (theorem for theorem in named if theorem.file == file):
                backs = " ".join(theorem.backs) or ("the statement" if theorem in STATED else "its checker")
                print(f"{file}.{theorem.name}, for {backs}")
            print(f"{file}: {'assumes ' + ', '.join(axioms) if axioms else 'closed under the global context'}")
        if bad := wrong(axioms_of):
            raise RocqError("\n".join(bad))
        record(axioms_of)
        if texts["Generated"] != (SOURCES / "Generated.v").read_text():
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
