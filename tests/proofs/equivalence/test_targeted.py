"""A plan with one more unit, which is active at a single place of a sequence, is refuted on a state that has this place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from efasp.exact import Matrix
from efasp.model.compile import compile_machine
from efasp.model.plan import Plan
from efasp.proofs.concrete.float64_filter import Screen
from efasp.proofs.concrete.machine_states import passes
from efasp.proofs.concrete.torch_steps import Torch
from efasp.proofs.equivalence import targeted
from efasp.proofs.lemmas import lowering
from efasp.proofs.obligation import Machine, Regime
from tests.proofs.broken import discharged


def spied(plan: Plan, side: str, kind: str, payloads: dict[str, int], target: str) -> Plan:
    """The plan with one more unit in its first layer: 1 at a place (or token) of a kind with these payloads, and 0 elsewhere,
    which is added to the coordinate where a flag of the place is."""
    row: dict[int, int] = {}
    for at, payload in (("pe", "index"), ("pe", "time"), ("pe", "register"), ("te", "word")):
        book, embedding = (plan.places, plan.place) if at == "pe" else (plan.vocabulary, plan.token)
        where = {cells[0][0]: i for i, cells in enumerate(embedding.rows) if len(cells) == 1}
        if payload in payloads:
            (slot,) = (book.slots[f.name] for f in book.fields if f.payload == payload and f.encode == "signs" and not f.shift)
            row |= {where[c]: 1 if payloads[payload] >> i & 1 else -1 for i, c in enumerate(slot)}
        if at == side and kind in book.slots:
            row[where[book.slots[kind].start]] = 1
    flags = {cells[0][0]: i for i, cells in enumerate(plan.place.rows) if len(cells) == 1}
    layer = plan.layers[0]
    down = list(layer.down.rows)
    down[flags[plan.places.slots[target].start]] += ((len(layer.bias), 1),)
    changed = replace(
        layer,
        up=Matrix([*layer.up.rows, tuple(sorted(row.items()))], plan.width),
        bias=(*layer.bias, 1 - len(row)),
        down=Matrix(down, len(layer.bias) + 1),
    )
    return replace(plan, layers=(changed, *plan.layers[1:]))


SPIES = [
    (5, "mdm", "counter", {"index": 1, "time": 7}, "value"),
    pytest.param(6, "mdm", "value", {"index": 2, "time": 17}, "counter", marks=pytest.mark.slow),
    (8, "apmdm", "register", {"index": 2, "register": 5, "word": 150}, "counter"),
]


@pytest.mark.parametrize(("word", "engine", "kind", "payloads", "target"), SPIES)
def test_a_unit_that_is_active_at_one_place_is_refuted(
    word: int, engine: str, kind: str, payloads: dict[str, int], target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a state with this place, on which the transformer in torch decodes wrongly too."""
    monkeypatch.setattr(lowering, "FIRST", 0)  # states that are run first, which miss it, and take long
    machine = Machine(word, engine, "", (1, 1 << word))
    plan = spied(compile_machine(word, engine), "pe", kind, payloads, target)
    regime = Regime(1 << word, (machine, plan))
    verdicts = [discharged(o) for o in lowering.compared(regime, machine)]
    found = next(verdict.countermodel for verdict in verdicts if verdict.status == "refuted")
    assert found is not None and {"proved", "refuted"} >= {verdict.status for verdict in verdicts}
    place = {"place": kind, **{name: value for name, value in payloads.items() if name != "word"}}
    assert place.items() <= found["unit active at"].items() and found["expected"] != found["got"]
    comparison = lowering.Comparison(machine, plan, 1 << word)
    module = Torch(plan)
    (aim, *_) = targeted.targets(comparison.reader, [d.atom for d in comparison.deviations], machine)
    reports = (one.report for case in targeted.cases(aim, machine) for one in passes(module, machine, case))
    assert any(report is not None for report in reports)


TARGETS = [
    ("mdm", targeted.Target("counter", {"index": 2, "time": 9}, "mask", {})),
    ("mdm", targeted.Target("counter", {"index": 1, "time": 4}, "halted", {"word": 3})),
    ("mdm", targeted.Target("target", {"index": 0, "time": 3}, "word", {"word": 17})),
    ("mdm", targeted.Target("target", {"index": 3, "time": 2}, "reg", {"reg": 6}, {"counter": [1, -1, 1, -1, -1]})),
    ("mdm", targeted.Target("value", {"index": 2, "time": 5}, "word", {"word": 30}, {"status": [0, 1, 0, 0, 0]})),
    ("mdm", targeted.Target("memory", {"index": 13}, "word", {"word": 8})),
    ("mdm", targeted.Target("op", {"index": 11}, "op:add", {}, {"operation": [0, 1]})),
    ("apmdm", targeted.Target("counter", {"index": 1, "slot": 1}, "word", {"word": 9})),
    ("apmdm", targeted.Target("memory", {"index": 12, "slot": 0}, "word", {"word": 4})),
    ("apmdm", targeted.Target("bos", {}, "bos", {}, {"a": [1] * 5, "immediate": [-1] * 5})),
]


@pytest.mark.parametrize(("engine", "target"), TARGETS)
def test_a_fresh_compile_is_right_on_targeted_states(engine: str, target: targeted.Target) -> None:
    """Whatever position is asked for, the states are states of a run: a fresh compile makes the step of each."""
    machine = Machine(5, engine, "", (1, 32))
    plan = Screen(compile_machine(5, engine))
    every = list(targeted.cases(target, machine))
    assert len(every) >= 4
    for case in every[::7]:
        assert not [one.report for one in passes(plan, machine, case) if one.report is not None]
