"""What the Rocq theorems' acceptance makes of broken plans: ``python -m benchmarks.kernel_mutants [PART [MODULE ...]]``.

* ``weights``: the single-weight changes of table ``kills`` (130 of each machine at w = 5), whose verdicts that table has. A
  change that is refuted must not be accepted: one that is accepted must be among those that are proved observationally
  equivalent.
* ``constructions``: every mutant of ``proofs/mutants`` whose module takes part in a compilation (or those of some modules),
  each in a fresh process, for both engines, with and without M, of the universal machine and of two programs, at the width that
  the mutant names or w = 5, and where that gives the usual plan at others. A plan that differs from the fresh one must not be
  accepted, unless every lemma that refutes the mutant is about sizes or about floating-point numbers, of which the theorems do
  not speak (families resources and numerics), or it is listed here as equivalent, with the reason. Every fresh plan must be.

Both by default. It needs Rocq and OCaml. Prints the counts, and every mutant that is not rejected. Exit code 1 if a plan is
accepted that must not be, or a fresh one is not.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from efasp.proofs.mutation.mutants import Mutant, install, load

WORD = 5
PROGRAMS = ("sum_to", "reduce")  # of the library, whose instructions fit the narrowest word
WORDS = (5, 6, 9, 16)  # tried in turn where a mutant makes the same plan at its own width
SAME = "the same plan"
MACHINES = tuple((engine, extension) for engine in ("mdm", "apmdm") for extension in ("", "M"))
# Mutants whose plan is another one and is accepted: it computes the same.
EQUIVALENT: dict[str, str] = {}
SPOKEN_OF_ELSEWHERE = ("resources.", "numerics.")
OUTSIDE = ("efasp.proofs.", "efasp.model.transformer", "efasp.model.decode", "efasp.model.runs", "efasp.model.serial")


def texts(word: int) -> dict[str, list[str]]:
    """The plans of all machines with words of ``word`` bits, as text, each with its instructions as text ("": universal)."""
    from efasp.model.compile import compile_machine
    from efasp.pram import library
    from efasp.proofs.rocq.statement_text import code_text, plan_text

    made = {}
    for engine, extension in MACHINES:
        for name in ("", *PROGRAMS):
            code = library.assembled(name).instructions if name else None
            plan = compile_machine(word, engine, extension, code)
            made[f"{engine} {extension or 'none'} {name}".rstrip()] = [plan_text(plan), "" if code is None else code_text(code)]
    return made


def in_child(folder: Path, word: int, mutant: Mutant | None) -> dict[str, list[str]] | str:
    """The plans with a mutant in place, compiled in a process of its own; or why none was made."""
    file = folder / "made.json"
    file.unlink(missing_ok=True)
    if not (child := os.fork()):
        try:
            if mutant is not None:
                install(mutant)
            made: dict[str, list[str]] | str = texts(word)
            if mutant is not None and mutant.module not in sys.modules:
                made = "not of a compilation"
        except Exception as error:  # whatever a broken construction raises
            made = f"not made: {''.join(traceback.format_exception_only(error)).strip()[:100]}"
        file.write_text(json.dumps(made))
        os._exit(0)
    os.waitpid(child, 0)
    found: dict[str, list[str]] | str = json.loads(file.read_text()) if file.exists() else "not made: the process ended"
    return found


def constructions(folder: Path, mutants: list[Mutant]) -> Iterator[tuple[str, str, str]]:
    """For every mutant its name, how it ended, and the machines of which the plan is another one; first, for every width, the
    machines whose fresh plan is not accepted, if there are any."""
    fresh: dict[int, dict[str, list[str]]] = {}
    for mutant in mutants:
        status = detail = ""
        for word in dict.fromkeys((int(mutant.where.get("w", WORD)), *WORDS)):
            if word not in fresh:
                usual = in_child(folder, word, None)
                assert not isinstance(usual, str), usual
                fresh[word] = usual
                if other := [name for name, given in usual.items() if not accepts(folder, word, name, given)]:
                    yield "no mutant", "fresh and rejected", f"w = {word}: {', '.join(other)}"
            status, detail = _ended(folder, word, in_child(folder, word, mutant), fresh[word])
            if status != SAME:
                break
        yield mutant.id, status, detail


def _ended(folder: Path, word: int, made: dict[str, list[str]] | str, usual: dict[str, list[str]]) -> tuple[str, str]:
    """How a mutant ended at a width: its status, and the machines or the reason."""
    if isinstance(made, str):
        return made.partition(":")[0], made
    changed = {machine: given for machine, given in made.items() if given != usual[machine]}
    accepted = [machine for machine, given in changed.items() if accepts(folder, word, machine, given)]
    return "accepted" if accepted else "rejected" if changed else SAME, f"w = {word}: {', '.join(accepted or changed)}"


_CHECK: list[Path] = []


def accepts(folder: Path, word: int, machine: str, given: list[str]) -> bool:
    """Whether ``plan-check`` accepts a plan, as text with that of its instructions, for a machine; one that it cannot read (of
    another shape) it does not accept.

    What the package computes is loaded in the child processes alone: the parent only knows the program's file.
    """
    import subprocess

    files = [folder / name for name in ("plan", "code")]
    for file, text in zip(files, given, strict=True):
        file.write_text(text)
    engine, extension, *alone = machine.split(" ")
    command = [str(_CHECK[0]), str(word), engine, extension, *map(str, files if alone else files[:1])]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.startswith("true\n")


def weights(folder: Path) -> Iterator[tuple[str, str, str]]:
    """For every change of table ``kills`` its name, its verdict there, and whether its plan is accepted."""
    from efasp.checker.mutation.weight_changes import File
    from efasp.checker.mutation.weights import drawn
    from efasp.model.readback import read_plan
    from efasp.model.weights import compiled, export
    from efasp.paper_artifacts.claims.status import GENERATED
    from efasp.paper_artifacts.tables.kills import CHANGES
    from efasp.proofs.obligation import Machine
    from efasp.proofs.rocq.statement_text import plan_text

    known = json.loads((GENERATED / "runs" / "kills.json").read_text())["runs"]
    path, changed = folder / "weights.safetensors", folder / "changed.safetensors"
    for engine, extension in MACHINES:
        export(compiled(WORD, engine, extension), path)
        file = File(path)
        for change in drawn(path, Machine(WORD, engine, extension, (1, 1 << WORD)), CHANGES):
            changed.write_bytes(file.changed(change))
            taken = accepts(folder, WORD, f"{engine} {extension or 'none'}", [plan_text(read_plan(changed)[3]), ""])
            name = f"{engine} {extension or 'none'} {change.id}"
            yield f"{name} ({', '.join(known[name]['by'])})", known[name]["status"], "accepted" if taken else "rejected"


def main(what: str = "", *modules: str) -> int:
    """Run both parts, or one; of constructions those of ``modules`` alone, where any is named. The exit code."""
    _CHECK.append(_built())
    wrong = []
    with tempfile.TemporaryDirectory(prefix="efasp-") as name:
        folder = Path(name)
        if what in ("", "constructions"):
            mutants = [m for m in load() if not m.module.startswith(OUTSIDE) and (not modules or m.module in modules)]
            found = list(constructions(folder, mutants))
            print("constructions:", dict(Counter(status for _, status, _ in found)))
            for mutant, status, detail in found:
                if status != "rejected":
                    print(f"  {status}: {mutant} ({detail}) {EQUIVALENT.get(mutant, '')}".rstrip())
            other = {mutant.id for mutant in mutants if all(lemma.startswith(SPOKEN_OF_ELSEWHERE) for lemma in mutant.lemmas)}
            wrong += [mutant for mutant, status, _ in found if status == "accepted" and mutant not in {*EQUIVALENT, *other}]
            wrong += [f"{status}: {detail}" for _, status, detail in found if status == "fresh and rejected"]
        if what in ("", "weights"):
            cases = list(weights(folder))
            for (status, taken), count in sorted(Counter((status, taken) for _, status, taken in cases).items()):
                print(f"weights: {count} {status} and {taken}")
            wrong += [case for case, status, taken in cases if taken == "accepted" and status != "equivalent"]
    for case in wrong:
        print(f"accepted, and not known to be equivalent, or fresh and rejected: {case}")
    return 1 if wrong else 0


def _built() -> Path:
    """``plan-check``, built where it is not yet, in a process of its own."""
    import subprocess

    said = "from efasp.proofs.rocq.build import programs; print(programs(['plan-check'])['plan-check'].resolve())"
    return Path(subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.strip())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
