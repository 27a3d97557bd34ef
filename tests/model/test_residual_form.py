"""Transformers as programs in residual form: any weights, against arithmetic that is written here, and back again."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from efasp.codebook import Codebook
from efasp.embeddings import tokens
from efasp.evaluate import evaluate
from efasp.examples import EXAMPLES
from efasp.language.module import Module
from efasp.language.printer import write
from efasp.language.program import parse
from efasp.model.compile import compile_machine
from efasp.model.lower import flattened, lower
from efasp.model.plan import Plan
from efasp.model.program_file import read_program
from efasp.model.residual_form import decompile, differences, read
from efasp.sorts import Flag, Int, Vector
from efasp.syntax import Program, relu

HEADER = """program random
tokens "abc"
places 2
let output = rows([TE, PE], 0 for {outputs}) : ({sorts})
output output
"""
TOKEN, PLACE = 4, 6  # coordinates of the codes of the header's letters and places
Tensors = dict[str, np.ndarray]

small = st.sampled_from([0.0, 0.0, 1.0, -1.0, 2.0, 0.5])
wild = st.floats(-3, 3, width=32, allow_subnormal=True)


@st.composite
def files(draw: st.DrawFn) -> tuple[dict[str, str], Tensors]:
    """The header and the tensors of a weights file: up to 3 layers, each with up to 2 heads and up to 3 units."""
    numbers = draw(st.sampled_from([small, wild]))
    d, outputs = draw(st.integers(1, 4)), draw(st.integers(1, 3))

    def tensor(*shape: int) -> np.ndarray:
        count = int(np.prod(shape))
        return np.array(draw(st.lists(numbers, min_size=count, max_size=count)), np.float32).reshape(shape)

    found = {"token.weight": tensor(TOKEN, d), "place.weight": tensor(PLACE, d)}
    layers = []
    for number in range(draw(st.integers(0, 3))):
        heads, units = draw(st.integers(0, 2)), draw(st.integers(0, 3))
        wide = draw(st.integers(1, 2)) if heads else 0
        if heads:
            found |= {f"layers.{number}.{side}.weight": tensor(heads * wide, d) for side in "qkv"}
            found[f"layers.{number}.o.weight"] = tensor(d, heads * wide)
        if units:
            found |= {f"layers.{number}.up.weight": tensor(units, d), f"layers.{number}.up.bias": tensor(units)}
            found[f"layers.{number}.down.weight"] = tensor(d, units)
        layers.append({"heads": heads, "d_head": wide, "d_ff": units})
    found |= {"out.weight": tensor(outputs, d), "out.bias": tensor(outputs)}
    shape = json.dumps({"d_model": d, "d_out": outputs, "layers": layers})
    program = HEADER.format(outputs=outputs, sorts=", ".join(["Rational(-2^40, 2^40)"] * outputs) + ",")
    return {"format": "efasp-program", "version": "1", "program": program, "dtype": "float32", "shape": shape}, found


def exact(tensor: np.ndarray) -> np.ndarray:
    """An array of Fractions."""
    found: np.ndarray = np.vectorize(Fraction, otypes=[object])(tensor.astype(object))
    return found


def forward(header: dict[str, str], given: Tensors, ids: list[int]) -> list[list[Fraction]]:
    """The read-outs by the definition of the transformer, in Fractions, of the tensors alone."""
    t = {name: exact(tensor) for name, tensor in given.items()}
    codes = [[Fraction(i == letter) for letter in range(TOKEN - 1)] + [Fraction(1)] for i in ids]
    at = [[Fraction(x) for x in (1, 1, 2 * (i & 1) - 1, 2 * (i >> 1) - 1, i, i * i)] for i in range(len(ids))]
    h = np.array(codes, dtype=object) @ t["token.weight"] + np.array(at, dtype=object) @ t["place.weight"]
    for number, row in enumerate(json.loads(header["shape"])["layers"]):
        total = h
        for head in range(row["heads"]):
            part = slice(head * row["d_head"], (head + 1) * row["d_head"])
            q, k, v = (h @ t[f"layers.{number}.{side}.weight"][part].T for side in "qkv")
            scores = (q @ k.T).tolist()
            winners = [[j for j, score in enumerate(line) if score == max(line)] for line in scores]
            mean = np.array([sum(v[j] for j in best) / len(best) for best in winners], dtype=object)
            total = total + mean @ t[f"layers.{number}.o.weight"][:, part].T
        h = total
        if row["d_ff"]:
            units = h @ t[f"layers.{number}.up.weight"].T + t[f"layers.{number}.up.bias"]
            h = h + np.where(units > 0, units, 0 * units) @ t[f"layers.{number}.down.weight"].T
    found: list[list[Fraction]] = (h @ t["out.weight"].T + t["out.bias"]).tolist()
    return found


def saved(folder: Path, header: dict[str, str], tensors: Tensors) -> tuple[Module, Plan]:
    """A file that is written and read."""
    save_file(tensors, folder / "w.safetensors", header)
    return read_program(folder / "w.safetensors")


@settings(max_examples=60, deadline=None)
@given(files(), st.lists(st.integers(0, 2), min_size=1, max_size=4))
def test_any_weights(tmp_path_factory: pytest.TempPathFactory, file: tuple[dict[str, str], Tensors], ids: list[int]) -> None:
    """The program of any weights computes what their definition says; its text parses to it, and it compiles to the weights.

    Lowered as any other program, without its form, it computes the same too.
    """
    _, plan = saved(tmp_path_factory.mktemp("weights"), *file)
    program = decompile(plan, "again", "read_out")
    wanted = forward(*file, ids)
    (found,) = evaluate(program.output, tokens=ids)
    assert found.tolist() == wanted
    module = parse(write(Module(program, plan.vocabulary, plan.places, dtype="float32")))
    assert module.program.definitions == program.definitions and module.dtype == "float32"
    assert differences(plan, lower(module.program)) == []
    assert flattened(program).forward(ids).tolist() == wanted


@pytest.mark.parametrize("name", ["reverse", "histogram", "majority", "parity"])
def test_examples(name: str) -> None:
    """Of compiled programs: every sublayer's definition has the values of the residual stream there."""
    example = EXAMPLES[name]
    plan = lower(example.program)
    program = decompile(plan, output="result", sort=example.program.output.sort)
    ids = example.encode((example.alphabet * 3)[:5])
    stream = plan.states(plan.embed(ids))
    there = [half for layer in plan.layers for half in (bool(layer.heads), bool(layer.bias))]
    states = [stream[0], *(state for state, present in zip(stream[1:], there, strict=True) if present)]
    values = evaluate(*(program.definitions[f"h{number}"] for number in range(len(states))), tokens=ids)
    assert [v.tolist() for v in values] == [s.tolist() for s in states] and f"h{len(states)}" not in program.definitions
    assert (evaluate(program.output, tokens=ids)[0] == plan.forward(ids)).all()
    assert program.output.sort == example.program.output.sort


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_machines(engine: str) -> None:
    """The text of a universal machine's program compiles to the machine's own numbers."""
    plan = compile_machine(5, engine)
    program = decompile(plan, "machine")
    again = parse(write(program)).program
    assert again.output is program.output and differences(plan, lower(again)) == []


def test_every_number_counts() -> None:
    """A plan in which any one matrix has another number is another one: its matrix is named."""
    plan = lower(EXAMPLES["reverse"].program)
    assert differences(plan, plan) == []
    for name, changed in one_number_changed(plan):
        assert differences(plan, changed) == [name]
        back = read(decompile(changed))
        assert back is not None and differences(changed, back) == []


def one_number_changed(plan: Plan) -> list[tuple[str, Plan]]:
    """For every matrix the plan with a number more in its first row."""

    def more(matrix: Any) -> Any:
        first = ((*matrix.rows[0][:-1], (matrix.rows[0][-1][0], 7)) if matrix.rows[0] else ((0, 7),),)
        return type(matrix)(first + matrix.rows[1:], matrix.columns)

    layer = plan.layers[1]
    head = layer.heads[0]
    found = [("token", replace(plan, token=more(plan.token))), ("place", replace(plan, place=more(plan.place)))]
    found.append(("read-out", replace(plan, out=more(plan.out))))
    found.append(("read-out", replace(plan, out_bias=(5, *plan.out_bias[1:]))))
    for side in "qkvo":
        other = replace(layer, heads=(replace(head, **{side: more(getattr(head, side))}), *layer.heads[1:]))
        found.append((f"sublayer 2, head 0, {side}", replace(plan, layers=(plan.layers[0], other))))
    return found


def test_other_forms() -> None:
    """Programs that are not transformers as they stand have no plan of their own, and are lowered as before."""
    te = tokens(Codebook.symbols("letters", "ab"))
    for output in (te.node, relu(te.flag("a")), 2 * relu(2 * te.flag("a")), EXAMPLES["reverse"].program.output):
        assert read(Program("other", {"output": output})) is None
    plan = lower(EXAMPLES["reverse"].program)
    program = decompile(plan)
    h1 = program.definitions["h1"]
    assert read(Program("below", {"output": 2 * h1})) is not None
    assert read(Program("added", {"output": 2 * (h1 + 1)})) is None


def test_names_and_sorts() -> None:
    """An output with the name of a sublayer gets its name, and the others an underscore; an impossible sort is not declared."""
    plan = lower(EXAMPLES["majority"].program)
    sort = EXAMPLES["majority"].program.output.sort
    program = decompile(plan, output="h1", sort=sort)
    assert list(program.definitions)[-1] == "h1" and program.output.sort == sort and "_h1" in program.definitions
    wide = lower(EXAMPLES["reverse"].program)
    assert decompile(wide, sort=Vector((Flag(),) * 4 + (Int(2, 3),))).output.sort != Vector((Flag(),) * 4 + (Int(2, 3),))
