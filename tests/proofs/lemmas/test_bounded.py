"""Whole small machines: sound plans are proved, broken ones refuted by a program; the symbols are read as numbers are."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from functools import reduce
from pathlib import Path
from random import Random

import pytest
import z3

from efasp.encoding import LogLayout, TokenSequence
from efasp.exact import Matrix
from efasp.model.compile import ENGINES, compile_machine
from efasp.model.plan import Plan
from efasp.pram import machine as pram
from efasp.pram.isa import EXTENSIONS, operations
from efasp.proofs.concrete import torch_steps
from efasp.proofs.lemmas import bounded
from efasp.proofs.lemmas.bounded import EACH, FEW, LOAD, MORE, SAMPLES, after, disagreement, wide
from efasp.proofs.obligation import Machine, Obligation, Regime, tally
from efasp.proofs.symbolic import boolean_forms, small_machines
from efasp.proofs.symbolic.small_machines import MEMORY, PROCESSORS, Case, Reader, history, start
from tests.proofs.broken import discharged
from tests.proofs.symbolic.test_boolean_forms import value

ROOT = Path(__file__).parents[3]
KINDS = [(engine, extension) for engine in ENGINES for extension in EXTENSIONS]
engines = pytest.mark.parametrize("engine", ENGINES)
kinds = pytest.mark.parametrize(("engine", "extension"), KINDS)


def machine(engine: str, extension: str = "", word: int = 5) -> Machine:
    """The machine of the regime."""
    return Machine(word, engine, extension, (1, 32))


def obligation(case: Case, engine: str, extension: str = "", plan: Plan | None = None) -> Obligation:
    """The obligation about one case, of a fresh compile or of another plan."""
    return bounded.decoding(machine(engine, extension), plan or compile_machine(5, engine, extension), case, (2, 2))


def broken(engine: str, row: int) -> Plan:
    """The plan with a row of its read-out negated."""
    plan = compile_machine(5, engine)
    rows = list(plan.out.rows)
    rows[row] = tuple((column, -c) for column, c in rows[row])
    return dataclasses.replace(plan, out=Matrix(rows, plan.out.columns))


# What is read is the plan.


def drawn(reader: Reader, case: Case, rng: Random) -> tuple[dict[int, int], TokenSequence]:
    """Random values of the symbols: by atom, and the sequence that they make."""
    chosen = {name: rng.randrange(1 << bits) for name, bits in case.symbols.items()}
    atoms = {
        atom: number >> i & 1
        for name, number in chosen.items()
        for i in range(case.symbols[name])
        for atom in reader.forms[name][i].terms
    }
    return atoms, start(reader.layout, case.marked(chosen), case.steps)


@kinds
def test_outputs_are_the_plans_own(engine: str, extension: str) -> None:
    """For values of the symbols, every number of the symbolic read-out is that of the exact forward pass."""
    plan = compile_machine(5, engine, extension)
    ops = ("mul", "shlx", "sub", "ld") if extension else ("sub", "st", "jz", "ld")
    case = dataclasses.replace(wide(*ops), steps=1)
    reader = Reader(machine(engine, extension), plan, case)
    tokens, places = reader.start()
    outputs = reader.tokens.outputs(plan, tokens, places)
    rng = Random(1)
    for _ in range(6):
        atoms, sequence = drawn(reader, case, rng)
        known: dict[int, int] = {}
        found = [[value(reader.space, form, atoms, known) for form in row] for row in outputs]
        assert found == plan.forward(sequence.tokens, sequence.places).tolist()
        assert not any(value(reader.space, clash, atoms, known) for clash in reader.space.clashes)


@engines
def test_tokens_stand_for_programs(engine: str) -> None:
    """The symbolic sequence, at values of its symbols, is the encoding of the program that they make."""
    case = wide("sub", "halt", "mov", "st", "shl")
    reader = Reader(machine(engine), compile_machine(5, engine), case)
    tokens, places = reader.start()
    book, rng = reader.layout.vocabulary, Random(2)
    for _ in range(40):
        atoms, sequence = drawn(reader, case, rng)
        assert (sequence.places == places).all()
        for token, expected in zip(tokens, sequence.tokens.tolist(), strict=True):
            kind, payload = book.split(expected)
            flags = {name for name, flag in token.kinds.items() if value(reader.space, flag, atoms)}
            bits = [value(reader.space, bit, atoms) for bit in token.bits]
            length = reader.tokens.lengths[kind]
            assert flags == {kind} and sum(int(bit) << i for i, bit in enumerate(bits[:length])) == payload


def test_events_are_what_the_log_applies() -> None:
    """The events of a history lead, by the log's own rule, to its configurations."""
    rng, case = Random(3), dataclasses.replace(wide("ld", "st", "pid", "jz", "halt", "mul"), steps=3)
    for _ in range(50):
        program = case.sample(rng)
        layout = LogLayout(5, "M", PROCESSORS, MEMORY, program.length)
        found = history(program, case.steps)
        log = [events for events, _ in found]
        assert found[-1][1] == reduce(layout.apply, log, pram.initial(program))
        assert found[0][1] == pram.step(program, pram.initial(program))


# What is claimed.


@kinds
def test_every_operation_is_in_some_program(engine: str, extension: str) -> None:
    """At the smallest bound each engine runs every operation, with the extension its own; at a large one all of them."""

    def ops(cases: tuple[Case, ...]) -> set[str]:
        return {op for case in cases for line in case.lines for op in line.ops}

    own = {o.name for o in operations(extension) if o.extension == extension}
    assert own <= ops(FEW[engine, extension])
    assert {o.name for o in operations(extension)} == ops(FEW[engine, extension] + MORE[engine, extension])
    assert len({case.name for case in FEW[engine, extension] + MORE[engine, extension]}) == len(
        FEW[engine, extension] + MORE[engine, extension]
    )


def test_the_programs_reach_what_they_are_for() -> None:
    """Among the cases are all ways to stop, jumps out of the program, and two stores of different words to one address."""
    rng, statuses, conflicts = Random(4), set[str](), 0
    for case in FEW["mdm", ""]:
        for _ in range(150):
            program = case.sample(rng)
            for events, after_ in history(program, case.steps + 1):
                statuses |= set(after_.status)
                stores = [e.write for e in events if e.write is not None and e.write.space == "memory"]
                conflicts += len(stores) == 2 and stores[0].target == stores[1].target and stores[0].value != stores[1].value
    assert statuses == {"running", "halted", "load", "store", "pc"} and conflicts


@kinds
def test_sound_plans_are_proved(engine: str, extension: str) -> None:
    """A word from the memory, then arithmetic or an access to memory with a symbolic immediate."""
    case = after(LOAD, "mul") if extension else after(LOAD, "ld", "st")
    assert discharged(obligation(case, engine, extension)).status == "proved"


@pytest.mark.parametrize("engine", ["mdm", pytest.param("apmdm", marks=pytest.mark.slow)])
def test_symbolic_addresses_registers_and_forms(engine: str) -> None:
    """The load's address symbolic; registers, and whether an operand is one, symbolic."""
    assert discharged(obligation(after(bounded.LOAD_ANY, "jz"), engine)).status == "proved"
    assert discharged(obligation(wide("sub", "st"), engine)).status == "proved"


@engines
@pytest.mark.parametrize("part", ["flag", "bit"])
def test_broken_plans_are_refuted_by_a_program(engine: str, part: str) -> None:
    """A row of the read-out negated: the program, the step, and what was expected."""
    kinds_ = len(compile_machine(5, engine).vocabulary.kinds)
    row = 0 if part == "flag" else kinds_ + 1 + 2
    plan = broken(engine, row)
    found = discharged(obligation(after(LOAD, "add", "sub"), engine, plan=plan))
    assert found.status == "refuted" and found.countermodel is not None
    assert {"program", "memory", "step", "what", "expected", "got"} <= found.countermodel.keys()


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_weight_where_zero_should_be_is_refuted(whole: bool) -> None:
    """A query that reads what it should not: keys and values of any kind are followed, in the whole family or up to the first
    refutation."""
    plan = compile_machine(5, "apmdm")
    heads = list(plan.layers[1].heads)
    rows = list(heads[0].q.rows)
    free = next(column for column in range(plan.width) if column not in dict(rows[1]))
    rows[1] = (*rows[1], (free, 3))
    heads[0] = dataclasses.replace(heads[0], q=Matrix([tuple(sorted(row)) for row in rows], plan.width))
    layers = (plan.layers[0], dataclasses.replace(plan.layers[1], heads=tuple(heads)), *plan.layers[2:])
    regime = Regime(32, (machine("apmdm"), dataclasses.replace(plan, layers=layers)))
    statuses = []
    for o in (o for batch in bounded.machines(regime) for o in batch.build()):
        statuses.append(discharged(o).status)
        if statuses[-1] == "refuted" and not whole:
            break
    assert set(statuses) <= {"proved", "refuted"} and "refuted" in statuses


def test_a_way_left_out_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """That every case is one of some way is part of the goal: the machine's ways cannot be too few."""
    whole = small_machines.ways
    sizes = []
    for drop in (0, 1):
        monkeypatch.setattr(small_machines, "ways", lambda run, drop=drop: iter(list(whole(run))[drop:]))
        solver = z3.Solver(ctx=z3.Context())
        solver.from_string(obligation(after(LOAD, "jz"), "mdm").content)
        sizes.append(str(solver.check()))
    assert sizes == ["unsat", "sat"]


@engines
def test_replay_decodes_the_program(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of a sound plan is not confirmed; exact decoding agrees with the machine on other programs of the cases too."""
    monkeypatch.setattr(bounded, "SAMPLES", 8)
    case = wide("ld", "st", "sub", "jz")
    assert obligation(case, engine).replay({}) is None  # type: ignore[misc]
    plan, rng = compile_machine(5, engine), Random(5)
    assert not any(disagreement(machine(engine), plan, case.sample(rng), case.steps) for _ in range(20))
    wrong = broken(engine, 0)
    found = disagreement(machine(engine), wrong, case.sample(rng), case.steps)
    assert found is not None and found["step"] == 1


def test_a_plan_that_cannot_be_read_on_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many atoms: a broken plan is refuted by a program all the same, a sound one is unknown, never proved."""
    monkeypatch.setattr(boolean_forms, "ATOMS", 30)
    sound = discharged(obligation(after(LOAD, "sub"), "mdm"))
    assert sound.status == "unknown" and f"{SAMPLES} programs" in sound.method
    wrong = discharged(obligation(after(LOAD, "sub"), "mdm", plan=broken("mdm", 0)))
    assert wrong.status == "refuted" and wrong.countermodel


# What is asked for.


def test_batches_are_of_machines_at_the_smallest_width() -> None:
    """Batches have the machine's parameters, and at a large bound one more each; of a weights file its own machine is meant, if
    it is of that width. None lacks an obligation of those that are counted."""
    for n_max in (1, 64, 1 << 64):
        found = [*bounded.machines(Regime(n_max)), *bounded.single_steps(Regime(n_max))]
        more = [batch for batch in found if "programs" in batch.params]
        assert [batch.params for batch in found if batch not in more] == [machine(*kind).params for kind in KINDS] * 2
        assert len(more) == (len(KINDS) if n_max > 64 else 0)
        assert not any(batch.lacking(tally(batch.build())) for batch in bounded.machines(Regime(n_max)))
    one = Regime(32, (machine("mdm", "M"), compile_machine(5, "mdm", "M")))
    assert [batch.params for batch in bounded.machines(one)] == [machine("mdm", "M").params]
    other = Regime(64, (machine("mdm", word=6), compile_machine(6, "mdm")))
    assert not [*bounded.machines(other), *bounded.single_steps(other)]


def test_more_is_tried_at_a_large_bound() -> None:
    """And nothing less; n of an obligation is that of two processors."""
    for kind in KINDS:
        few, many = (bounded.cases(machine(*kind), n) for n in (64, 1 << 64))
        assert set(few) < set(many)
    (first, *_) = bounded.decodings(Regime(1), machine("mdm"), bounded.cases(machine("mdm"), 1))
    assert first.n == (1, 1) and obligation(EACH[0], "mdm").n == (2, 2)


def test_machines_do_not_need_torch() -> None:
    """Neither to be made nor to be replayed, in a fresh process."""
    script = (
        "import sys; from efasp.model.compile import compile_machine\n"
        "from efasp.proofs import obligation; from efasp.proofs.lemmas import bounded\n"
        "o = bounded.decoding(obligation.Machine(5, 'mdm', '', (1, 32)), compile_machine(5, 'mdm'), bounded.EACH[2], (2, 2))\n"
        "print(o.replay({}), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["None", "False"]


# Through torch.


@kinds
def test_single_steps_are_measured(engine: str, extension: str) -> None:
    """Fewer at a small bound; of one machine they are run here. Never called proved."""
    few = [*torch_steps.passes(machine(engine, extension), True)]
    assert len(few) < len([*torch_steps.passes(machine(engine, extension), False)])
    if (engine, extension) == ("apmdm", "M"):
        pytest.importorskip("torch", reason="torch is not installed")
        (found,) = bounded.measured(Regime(32), machine(engine, extension))
        verdict = discharged(found)
        assert (
            found.kind == "measurement" and verdict.status == "measured" and f"{32 * len(few)} single steps" in verdict.method
        )


@engines
def test_a_broken_plan_is_refuted_through_torch(engine: str) -> None:
    """The first step that goes wrong."""
    verdict = torch_steps.discharge(machine(engine), broken(engine, 0), True)
    assert verdict.status == "refuted" and verdict.countermodel and verdict.countermodel["engine"] == engine


@kinds
def test_exhaustive_is_exhaustive(engine: str, extension: str) -> None:
    """At a large bound: all pairs of operands (cells) or all immediates on two operands (log), of every operation meant."""
    seen: dict[str, set[tuple[int, int]]] = {}
    for case in torch_steps.passes(machine(engine, extension), False):
        for pid, pc in enumerate(case.before.pc):
            instruction, registers = case.program.instructions[pc], case.before.registers[pid]
            second = instruction.x if engine == "mdm" else registers[2]
            a, x = (registers[0], registers[1]) if instruction.op == "st" and engine == "apmdm" else (registers[1], second)
            seen.setdefault(instruction.op, set()).add((a, x))
    for operation in operations(extension):
        if engine == "apmdm":
            assert len(seen[operation.name]) == (1024 if torch_steps.paired(operation, extension) else 32)
        elif set("xmt") & set(operation.shape):
            assert {x for _, x in seen[operation.name]} == set(range(32))
            assert all((0, x) in seen[operation.name] for x in range(32))
