"""Families step and simulation: what they prove, and that each refutes a step that is broken on purpose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from efasp.pram import machine
from efasp.proofs.lemmas import simulation, step_execute, step_stages
from efasp.proofs.lemmas.simulation_citations import FAMILIES
from efasp.proofs.obligation import Machine, Obligation, Regime
from efasp.proofs.symbolic.machine_step import computed
from efasp.proofs.symbolic.step_definitions import Step
from efasp.syntax import Affine, Program
from tests.proofs.broken import broken, refuted

ENGINES = ("mdm", "apmdm")


def everything(at: Step):
    """Every obligation of these families about one machine."""
    for build in FAMILIES:
        yield from build(at)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("extension", ["", "M"])
def test_the_step_is_proved(engine: str, extension: str) -> None:
    """Nothing is refuted at w = 5 and at a wide word."""
    for word in (5, 40):
        assert refuted(everything(Step(Machine(word, engine, extension, (1, 1 << word))))) == {}


def test_the_machine_on_symbols_is_proved() -> None:
    """Every operation and shape of operands, with the extension and without; and the frame."""
    for extension in ("", "M"):
        assert refuted(step_execute.executions(extension, (1, 64))) == {}
    assert refuted(simulation.frames(Regime(64))) == {}


# (engine, what stands in the step, what is put there, a lemma that must be refuted)
BREAKS = [
    ("mdm", "signed(counter.word, present)", "signed(not_(counter.word), present)", "step.fetch"),
    ("mdm", "absent = not_(counter.running)", "absent = not_(counter.stopped[0])", "simulation.fetch"),
    (
        "mdm",
        "combine([(1, part) for part in x], sort=Word(view.word))",
        "combine([(1, x[0]), (1, x[1])], sort=Word(view.word))",
        "step.operand",
    ),
    ("mdm", 'touches = total(op["ld"], op["st"])', 'touches = total(op["ld"], op["jmp"])', "simulation.memory"),
    ("mdm", '(op["ld"], loaded), (op["pid"], view.index)', '(op["pid"], loaded), (op["ld"], view.index)', "step.result"),
    ("mdm", '(1, d), (1, op["st"]), (1, valid)], -2)', '(1, d), (1, op["st"]), (1, valid)], -1)', "step.result"),
    ("mdm", '"sub": lambda: sub(a, x)', '"sub": lambda: sub(x, a)', "step.operator"),
    ("mdm", '"slt": lambda: bit(less(a, x))', '"slt": lambda: bit(less(x, a))', "step.comparison"),
    ("mdm", '(1, op["jnz"]), (-1, zero_else)], sort=Flag())', '(1, op["jnz"])], sort=Flag())', "step.taken"),
    ("mdm", '[(-1, ins.found), (1, op["halt"]), (1, op["ld"])', '[(-1, ins.found), (1, op["ld"])', "step.stays"),
    ("mdm", "(taken, x), (onward, increment(counter.word))", "(taken, x), (onward, counter.word)", "step.next"),
    ("mdm", "total(load, load_fault)", "total(load, store_fault)", "step.status"),
    ("mdm", "(1, pc), (1, counter.running), (-1, ins.found)", "(1, pc)", "step.status"),
    (
        "mdm",
        'combine([(1, op["st"]), (1, valid)], -1), Flag())),\n        writes',
        'combine([(1, op["ld"]), (1, valid)], -1), Flag())),\n        writes',
        "step.stores",
    ),
    ("mdm", 'writes=let("writes", total(direct, loads))', 'writes=let("writes", total(direct))', "step.writes"),
    ("mdm", "and_(pe.flag(name), ready)", 'and_(pe.flag("value"), ready)', "step.due"),
    ("mdm", '(1, slot["target"]), (1, out.stores)], -2)', '(1, slot["target"]), (1, out.writes)], -2)', "step.word"),
    ("mdm", 'kinds["reg"] = writes', 'kinds["reg"] = stores', "step.code"),
    ("mdm", 'kinds["mask"] = not_(ready)', 'kinds["mask"] = ready', "step.code"),
    (
        "mdm",
        'urgency = let("urgency", combine([(top, self.indexed), (-1,',
        'urgency = let("urgency", combine([(top, self.indexed), (1,',
        "step.urgency",
    ),
    ("mdm", "threshold(lead, 1)", "threshold(lead, 0)", "step.beaten"),
    (
        "mdm",
        "(1, paired), (1, gate(in_memory, self.token_word))",
        "(1, paired), (1, gate(in_memory, self.index))",
        "step.content",
    ),
    (
        "mdm",
        "(1, gate(is_target, self.token_word))], sort=Word(w))",
        "(1, gate(is_target, self.index))], sort=Word(w))",
        "step.holds",
    ),
    ("mdm", "self.match([time], [time], among=masked)", "self.match([time], [prev], among=masked)", "simulation.complete"),
    ("mdm", "self.match([prev], [time], among=masked)", "self.match([time], [time], among=masked)", "simulation.ready"),
    ("mdm", 'among=pe.flag("value"), exclude=[masked])', 'among=pe.flag("counter"), exclude=[masked])', "simulation.content"),
    (
        "mdm",
        "self.match([time, address], [time, address], among=target",
        "self.match([address], [address], among=target",
        "simulation.beaten",
    ),
    ("mdm", 'query = [self.pe.field("prev_bits"), index]', 'query = [self.pe.field("time_bits"), index]', "simulation.counter"),
    (
        "mdm",
        "among=self.target, exclude=[self.incomplete], **self._latest",
        "among=self.target, **self._latest",
        "simulation.register",
    ),
    (
        "mdm",
        "among=self.target, exclude=[self.incomplete], **self._latest",
        "among=self.target, **self._latest",
        "simulation.confluence",
    ),
    ("mdm", "exclude = [self.incomplete, self.beaten]", "exclude = [self.incomplete]", "simulation.memory"),
    ("mdm", "among=self.holder, exclude=exclude", "among=self.target, exclude=exclude", "simulation.memory"),
    (
        "mdm",
        'self.holds = let("holds", signed(held, total(in_memory, is_target)))',
        'self.holds = let("holds", signed(held))',
        "step.sink",
    ),
    ("apmdm", "exclude=[self.masked], absent=absent)", "absent=absent)", "simulation.counter"),
    (
        "apmdm",
        'self._cell([index, name], [index, reg], "register")',
        'self._cell([name], [reg], "register")',
        "simulation.register",
    ),
    ("apmdm", 'among = [at["counter"], out.stores]', 'among = [at["counter"], out.writes]', "simulation.writer"),
    ("apmdm", "(top, view.indexed), (-1, number(index, view.indexed))", "(1, number(index, view.indexed))", "step.urgency"),
    ("apmdm", "signed(out.address, not_(view.sink))", "signed(out.address)", "step.sink"),
    ("apmdm", "weigh(difference, [1, 2, 4])", "weigh(difference, [1, 2, 1])", "step.named"),
    ("apmdm", '[at["counter"], counter.running]]', '[at["counter"], out.writes]]', "step.control"),
    ("apmdm", "combine([(1, masked), *flips], sort=Flag())", "combine([*flips], sort=Flag())", "step.control"),
    (
        "apmdm",
        'choose([(at["counter"], out.counter.word), (at["register"], out.result)])',
        'choose([(at["register"], out.counter.word), (at["counter"], out.result)])',
        "step.word",
    ),
    (
        "apmdm",
        "difference = combine([(1, out.rd)",
        'difference = combine([(1, view.te.field("reg_bits"))',
        "simulation.both_slots",
    ),
]


@pytest.mark.parametrize("engine, old, new, lemma", BREAKS, ids=lambda value: value[:40])
def test_a_broken_step_is_refuted(engine: str, old: str, new: str, lemma: str) -> None:
    """One passage of the step changed: the lemma that speaks of it is refuted, with a countermodel that replays."""
    found = refuted(o for o in everything(broken(old, new, engine)) if o.lemma == lemma)
    assert lemma in found


# (engine, what stands in the step, what is put there, of the families that speak of it the lemmas that must be refuted)
AT_SIX = [
    ("mdm", "add(a, x_word))", "(sub if view.word == 6 else add)(a, x_word))", {"step.address"}),
    ("apmdm", "add(a, x_word))", "(sub if view.word == 6 else add)(a, x_word))", {"step.address"}),
    (
        "apmdm",
        "concat(remask, never, never)",
        "concat(*((never, remask, never) if word == 6 else (remask, never, never)))",
        {"step.control"},
    ),
    (
        "apmdm",
        'concat(code, program.definitions["control"])',
        'concat(*((program.definitions["control"], code) if word == 6 else (code, program.definitions["control"])))',
        {"step.control", "step.code"},
    ),
    (
        "mdm",
        "code_of(view, kinds, chosen, gate",
        'code_of(view, {**kinds, **({"load": kinds["pc"], "pc": kinds["load"]} if word == 6 else {})}, chosen, gate',
        {"step.code"},
    ),
    (
        "mdm",
        '"xor": lambda: xor(a, x),',
        '**({} if view.word == 6 else {"xor": lambda: xor(a, x)}),',
        {"step.operator"},
    ),
    (
        "apmdm",
        '(op["pid"], view.index)]',
        '*([] if view.word == 6 else [(op["pid"], view.index)])]',
        {"step.result"},
    ),
    (
        "mdm",
        'o.writes_register and o.name != "ld"',
        'o.writes_register and o.name not in ("ld", "seq" if view.word == 6 else "ld")',
        {"step.writes"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("engine, old, new, lemmas", AT_SIX, ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_a_step_that_is_broken_at_one_width_is_refuted(engine: str, old: str, new: str, lemmas: set[str]) -> None:
    """One passage that is another one at w = 6 alone: the lemmas that speak of it are refuted there, and hold at w = 5."""
    five, six = (broken(old, new, engine, word=word) for word in (5, 6))
    assert refuted(o for o in spoken(five) if o.lemma in lemmas) == {}
    assert set(refuted(o for o in spoken(six) if o.lemma in lemmas)) == lemmas


def spoken(at: Step) -> Iterator[Obligation]:
    """What is said of operators and stages; an operation that is left out is missed before the stages are read."""
    yield from step_execute.operators(at)
    if all(name in at.of for name in computed(at.machine.extension)):
        yield from step_stages.stages(at)


def test_a_read_out_with_two_kinds_swapped_is_refuted() -> None:
    """Of the log, after the definition of the code: a last definition that takes it and swaps two coordinates."""
    right = Step(Machine(6, "mdm", "", (1, 64)))
    code, places = right.program.output, list(range(right.te.width))
    halted, load = (right.te.slots[name].start for name in ("halted", "load"))
    places[halted], places[load] = load, halted
    program = Program("swapped", dict(right.program.definitions))
    program.let("output", Affine(code, tuple(((place, 1),) for place in places), (0,) * code.width, code.sort))
    found = refuted(o for o in step_stages.stages(Step(right.machine, program)) if o.lemma == "step.code")
    assert set(found) == {"step.code"}


@pytest.mark.parametrize("name, wrong", [
    ("sub", lambda a, x, w: (x - a) % (1 << w)),
    ("shr", lambda a, x, w: a),
    ("slt", lambda a, x, w: int(x < a)),
    ("mov", lambda a, x, w: a),
    ("shlx", lambda a, x, w: (a << x) % (1 << w)),
])  # fmt: skip
def test_another_machine_is_refuted(name: str, wrong: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step is shown against the machine's own functions: with another ALU it is not the machine's."""
    monkeypatch.setitem(machine.ALU, name, wrong)
    assert "step.execute" in refuted(o for o in step_execute.executions("M", (1, 64)) if o.params.get("op") == name)
