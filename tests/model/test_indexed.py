"""Indexed attention against the torch module: the same read-outs and residual streams at every pass, the same tokens, and with
changed weights the same wrong ones, or a dense pass and the reason for it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from importlib.machinery import ModuleSpec
from itertools import islice, product
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efasp.encoding import CellLayout, LogLayout, TokenSequence
from efasp.model import decode, sampler
from efasp.model import transformer as torch_transformer
from efasp.model.indexed import passes, rules
from efasp.model.indexed.cells import Cells
from efasp.model.indexed.exactness import Exactness, Map
from efasp.model.indexed.lookups import Unsuited
from efasp.model.ranges import WIDEST
from efasp.model.transformer import Transformer
from efasp.pram import library
from efasp.pram.isa import Instruction
from efasp.pram.machine import Program
from efasp.process import g, unmask
from tests.efasp.pram.strategies import programs
from tests.model.compiled import plan, transformer

RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck))
ENGINES = ("mdm", "apmdm")
WORDS = (5, 9, 20)
LIBRARY = ("gcd", "scan", "sort", "fault", "bfs")


def cells_of(network: Transformer, layout: CellLayout, opening: TokenSequence) -> Cells:
    """The indexed passes over a sequence of cells."""
    prompt, active = opening[: layout.prompt_length], opening[layout.prompt_length :]
    return Cells(decode.plain(network), prompt, active, active.places[:, 1])


def in_place(program: Program, network: Transformer, extension: str, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The tokens of the cells at some passes, and the read-outs of the module with its cache of the prompt."""
    layout = CellLayout.of(program, extension)
    opening = layout.opening(program)  # type: ignore[attr-defined]
    context = decode.Context(network, opening[: layout.prompt_length], cached=True)  # type: ignore[attr-defined]
    active = opening[layout.prompt_length :]  # type: ignore[attr-defined]
    for step in range(steps):
        outputs = context.outputs(active, step)
        yield active.tokens, outputs
        control = sampler.split(layout.vocabulary.width, outputs)[1] > 0.5
        after = g(active.tokens, sampler.predictions(outputs, layout), control, layout.vocabulary.token("mask"))
        active = TokenSequence(after, active.places)


@settings(RELAXED, max_examples=6)
@given(st.sampled_from(["", "M"]).flatmap(lambda extension: st.tuples(st.just(extension), programs(extension, WORDS))))
def test_read_outs_in_place_are_the_modules(case: tuple[str, Program]) -> None:
    """Every read-out of every pass, bit for bit."""
    extension, program = case
    network, layout = transformer(program.word, "apmdm", extension), CellLayout.of(program, extension)
    cells = None
    for tokens, outputs in in_place(program, network, extension, 12):
        if cells is None:
            cells = cells_of(network, layout, layout.opening(program))  # type: ignore[arg-type,attr-defined]
        else:
            cells.step(tokens)
        assert np.array_equal(cells.outputs, outputs)


@settings(RELAXED, max_examples=10)
@given(programs(words_of=(5, 9), max_processors=4, max_memory=6))
def test_residual_streams_are_the_modules(program: Program) -> None:
    """The residual stream after every sublayer, and so all that heads read; the prompt of the module is computed anew."""
    network, layout = transformer(program.word, "apmdm"), CellLayout.of(program, "M")
    cells, opening = None, layout.opening(program)  # type: ignore[attr-defined]
    start = layout.prompt_length  # type: ignore[attr-defined]
    for tokens, _ in in_place(program, network, "M", 5):
        if cells is None:
            cells = cells_of(network, layout, opening)  # type: ignore[arg-type]
        else:
            cells.step(tokens)
        states = network.states(np.concatenate([opening.tokens[:start], tokens]), opening.places)
        for sublayer, state in enumerate(states[:-1]):
            assert np.array_equal(cells.residual(sublayer), state[start:]), sublayer


@settings(RELAXED, max_examples=6)
@given(programs(words_of=WORDS, max_processors=4, max_memory=6), st.integers(0, 1 << 32))
def test_read_outs_of_the_log_are_the_modules(program: Program, seed: int) -> None:
    """Every read-out of every pass, bit for bit, in any order of unmasking, with masks of later times or without them."""
    rng, network, layout = Random(seed), transformer(program.word, "mdm"), LogLayout.of(program, "M")
    opening, mask = layout.opening(program), layout.vocabulary.token("mask")  # type: ignore[attr-defined]
    both = [decode.Context(network, opening, True, attention) for attention in decode.ATTENTION]
    size, ahead = layout.block_length, rng.randrange(3)  # type: ignore[attr-defined]
    for time in range(1, 5):
        block = layout.ahead(time, time + ahead)  # type: ignore[attr-defined]
        while (block.tokens[:size] == mask).any():
            dense, indexed = (context.outputs(block, time) for context in both)
            assert np.array_equal(dense, indexed) and not both[1].why
            ready = np.flatnonzero((block.tokens == mask) & (sampler.confidence(dense, layout) >= sampler.THRESHOLD))  # type: ignore[arg-type]
            chosen = np.isin(np.arange(len(block)), rng.sample(ready.tolist(), rng.randint(1, len(ready))))
            block = TokenSequence(unmask(block.tokens, sampler.predictions(dense, layout), chosen, mask), block.places)  # type: ignore[arg-type]
        for context in both:
            context.append(block[:size])


def decoded(
    program: Program, engine: str, network: Any, attention: str, steps: int, extension: str = ""
) -> tuple[list, str, str]:
    """The tokens and configuration after every step, the error that ends decoding, and why passes were dense."""
    start = decode.masked_diffusion if engine == "mdm" else decode.any_process
    seen, why = [], ""
    try:
        for state in islice(start(program, network, extension, attention=attention), steps):
            seen.append((state.sequence.tokens.tolist(), state.configuration, state.passes))
            why = state.dense
    except ValueError as error:
        return seen, f"{type(error).__name__}: {error}", why
    except decode.DecodingError as error:
        return seen, f"{type(error).__name__}: {error}", why
    return seen, "", why


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", LIBRARY)
def test_library_programs_are_decoded_alike(name: str, engine: str) -> None:
    """The same sequences, and no pass was dense."""
    program = library.assembled(name)
    network = transformer(program.word, engine, "")
    wanted, found = (decoded(program, engine, network, attention, 24) for attention in decode.ATTENTION)
    assert found == wanted and found[0]


def changed(word: int, engine: str, rng: Random) -> Transformer:
    """A transformer with a few weights changed, by little or by much."""
    network = Transformer.of(plan(word, engine, ""), "float32")
    tensors = [tensor for tensor in network.state_dict().values() if tensor.numel()]
    for _ in range(rng.choice((1, 1, 2, 5))):
        tensor = rng.choice(tensors)
        used = torch.nonzero(tensor.reshape(-1))[:, 0].tolist()
        at = rng.choice(used) if rng.random() < 0.8 and used else rng.randrange(tensor.numel())
        flat = tensor.reshape(-1) if tensor.is_contiguous() else tensor.view(-1)
        old = float(flat[at])
        flat[at] = rng.choice((0.0, -old, old + 1, old - 1, 2 * old, old / 2, old + 0.25, 1e7 * old, 1e30 * old, old + 0.1))
    return network


@pytest.mark.parametrize("engine", ENGINES)
@settings(RELAXED, max_examples=20)
@given(seed=st.integers(0, 1 << 32))
def test_changed_weights_go_wrong_alike(engine: str, seed: int) -> None:
    """The same tokens, right or wrong, and the same error, whether passes are indexed or, with a reason, dense."""
    rng = Random(seed)
    program = library.assembled(rng.choice(("scan", "fault")), word=5)
    network = changed(5, engine, rng)
    wanted, found = (decoded(program, engine, network, attention, 4) for attention in decode.ATTENTION)
    assert found[:2] == wanted[:2]


@pytest.mark.parametrize(
    ("name", "factor", "reason"),
    [
        ("layers.0.q.weight", 0.5, "capacities"),
        ("layers.0.k.weight", 1.5, "capacities"),
        ("layers.3.up.weight", 2.0**30, "expected sums of at most 16777216, found"),
        ("layers.1.v.weight", 0.5, "integers"),
    ],
)
def test_numbers_that_are_not_shown_exact_are_refused(name: str, factor: float, reason: str) -> None:
    """Queries or keys that are not bits, sums that float32 may round, a stream that is not of integers: the reason is said, and
    decoding is the module's."""
    program = library.assembled("scan", word=5)
    network = Transformer.of(plan(5, "apmdm", ""), "float32")
    tensor = dict(network.state_dict())[name]
    tensor[tensor != 0] *= factor
    layout = CellLayout.of(program, "")
    with pytest.raises(Unsuited, match=reason):
        cells_of(network, layout, layout.opening(program))  # type: ignore[arg-type,attr-defined]
    wanted, found = (decoded(program, "apmdm", network, attention, 3) for attention in decode.ATTENTION)
    assert found[:2] == wanted[:2]


@settings(RELAXED, max_examples=60)
@given(seed=st.integers(0, 1 << 32), factor=st.sampled_from((1.01, 1.3, 2.0)))
def test_bounds_that_are_not_looked_at_again_hold(seed: int, factor: float) -> None:
    """Growing values are refused from the first one on for which the bounds of the largest so far, looked at, are too large."""
    draw = Random(seed)
    exact, oracle = (Exactness(decode.plain(transformer(5, "mdm", ""))) for _ in range(2))
    exact.allow()
    sublayer = draw.randrange(len(exact.ends))
    ends = oracle.ends[sublayer] = exact.ends[sublayer].copy()
    some, value = draw.sample(range(ends.shape[1]), 2), 1 + exact.caps[sublayer] / 2
    while value < 2 * exact.limit:
        value, at, side = np.ceil(value * factor), draw.choice(some), draw.randrange(2)
        values = np.zeros((1, ends.shape[1]))
        values[0, at] = value if side else -value
        ends[side, at] = max(ends[1, at], value) if side else min(ends[0, at], -value)
        try:
            oracle.check(sublayer)
        except Unsuited:
            with pytest.raises(Unsuited):
                exact.grown(sublayer, slice(None), values)
            return
        exact.grown(sublayer, slice(None), values)
        assert np.array_equal(exact.ends[sublayer], ends)


@settings(RELAXED, max_examples=60)
@given(
    st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(0, 7)),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([0, 0.1, 0.5, 1]),
    st.sampled_from([(-1, 0), (-1, 2), (-1, 1 << 40), (1 << 17, 64)]),
    st.integers(0, 1 << 32),
)
def test_products_by_a_matrix_are_numpys(
    sizes: tuple[int, int, int], dtype: type, density: float, limits: tuple[int, int], seed: int
) -> None:
    """Products of integers by one matrix, of any shape, transposed or not, however many of its numbers are 0, and whether all
    terms are added up or those that are not 0; each twice."""
    rng, (count, inputs, outputs) = np.random.default_rng(seed), sizes
    matrix = (rng.integers(-99, 100, (inputs, outputs)) * (rng.random((inputs, outputs)) < density)).astype(dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch_transformer, "SMALL", limits[0])
        patch.setattr(torch_transformer, "TERM", limits[1])
        for given_matrix in (matrix, np.asfortranarray(matrix)):
            by_matrix = torch_transformer.Product(given_matrix)
            for order in "CF":
                rows = np.asarray(rng.integers(-99, 100, (count, inputs)), dtype=dtype, order=order)  # type: ignore[call-overload]
                found = by_matrix(rows)
                assert found.dtype == dtype and found.shape == (count, outputs)
                assert found.tolist() == np.einsum("ij,jk->ik", rows.astype(object), matrix.astype(object)).tolist()


@settings(RELAXED, max_examples=60)
@given(st.tuples(st.integers(0, 4), st.integers(1, 5)), st.booleans(), st.integers(0, 1 << 32))
def test_bounds_of_a_map_are_its_extremes(sizes: tuple[int, int], biased: bool, seed: int) -> None:
    """The least and the largest output, and the largest sum of absolute terms, over all inputs that are ends of their ranges;
    and the denominator of its numbers."""
    rng, (outputs, inputs) = np.random.default_rng(seed), sizes
    weight = rng.integers(-3, 4, sizes) * (rng.random(sizes) < 0.5) / 4
    bias = rng.integers(-9, 10, outputs) / 2 if biased else np.zeros(outputs)
    ends = np.sort(rng.integers(-9, 10, (2, inputs)), axis=0)
    corners = np.array(list(product(*ends.T.tolist())))
    found = Map(weight, bias if biased else None)
    values = corners @ weight.T + bias
    assert found.ends(ends).tolist() == [values.min(axis=0).tolist(), values.max(axis=0).tolist()]
    terms = np.abs(corners[:, None, :] * weight).sum(axis=2) + np.abs(bias)
    assert found.sums(ends).tolist() == terms.max(axis=0).tolist()
    numbers = [*weight.ravel().tolist(), *bias.tolist()]
    assert found.denominator == max((Fraction(x).denominator for x in numbers), default=1)


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("engine", ENGINES)
def test_weights_that_are_not_finite_are_not_indexed(engine: str, number: float) -> None:
    """One weight of any matrix or bias, in place of a 0."""
    for name in transformer(5, engine, "").state_dict():
        network = Transformer.of(plan(5, engine, ""), "float32")
        flat = network.state_dict()[name].reshape(-1)
        flat[int((flat == 0).nonzero()[0, 0])] = number
        with pytest.raises(Unsuited, match="finite"):
            Exactness(decode.plain(network))


def test_runs_say_which_attention_they_had() -> None:
    """Indexed by default, dense where asked for."""
    program = Program((Instruction("pid", 1), Instruction("halt")), 5, 2, 4)
    for engine in ENGINES:
        network = transformer(5, engine, "")
        runs = [decode.run(program, engine, network, attention=attention) for attention in decode.ATTENTION]
        assert [run.attention for run in runs] == list(decode.ATTENTION) and runs[0].outcome == runs[1].outcome
        assert decode.run(program, engine, network).attention == "indexed"
        with pytest.raises(ValueError, match="attention: expected dense or indexed"):
            decode.run(program, engine, network, attention="sparse")


@pytest.mark.parametrize(("machine", "word"), WIDEST.items())
def test_the_widest_words_are_decoded_indexed(machine: tuple[str, str], word: int) -> None:
    """The bounds of indexed attention hold for every word that a dtype carries; with the largest numbers of the machine."""
    most = (1 << word) - 1
    code = (
        Instruction("sub", 1, 2, 1), Instruction("st", 1, None, 3), Instruction("ld", 3, None, 3), Instruction("halt"),
    )  # fmt: skip
    program = Program(code, word, 2, 4, data=(most, most))
    run = decode.run(program, machine[0], transformer(word, *machine), machine[1])
    assert run.attention == "indexed" and run.configuration.memory == (most, most, 0, most)


@pytest.mark.parametrize(("machine", "word"), [*WIDEST.items(), *((machine, 16) for machine in WIDEST)])
def test_bounds_hold_of_all_that_a_plan_may_hold(machine: tuple[str, str], word: int) -> None:
    """The dtype of a plan is that which carries what its coordinates may hold; passes of these numbers are indexed."""
    network = transformer(word, *machine)
    exact = Exactness(decode.plain(network))
    for sublayer, ends in enumerate(exact.ends):
        ends[:] = np.array(plan(word, *machine).held(sublayer), dtype=np.float64).T
        exact.check(sublayer)


def test_a_folder_of_its_name_is_not_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that happens to stand on the path, as beside a script, does not compile."""
    monkeypatch.setattr(passes, "find_spec", lambda name: ModuleSpec(name, None))
    assert not passes.usable.__wrapped__()


def test_a_stand_in_for_a_transformer_is_decoded_densely() -> None:
    """What is not the module itself has no weights to read."""

    class Stand:
        def __init__(self, network: Transformer) -> None:
            self.outputs, self.summary = network.outputs, network.summary

    program = Program((Instruction("pid", 1), Instruction("halt")), 5, 2, 4)
    for engine in ENGINES:
        found = decode.run(program, engine, Stand(transformer(5, engine, "")))  # type: ignore[arg-type]
        assert found.attention == "dense" and "expected a transformer" in found.dense and found.finished


@given(st.integers(1, 6), st.data())
def test_agreement_bounds_the_inner_product(n: int, data: st.DataObject) -> None:
    """Of two different rows of signs the inner product is at most what is said of their numbers of signs."""
    rows = [data.draw(st.lists(st.sampled_from((-1, 0, 1)), min_size=n, max_size=n)) for _ in range(2)]
    s, t = (sum(map(abs, row)) for row in rows)
    if rows[0] != rows[1]:
        assert sum(a * b for a, b in zip(*rows, strict=True)) <= rules.agreement(s, t, n)


def test_unsuited_says_why() -> None:
    """The reason is a sentence for a reader."""
    with pytest.raises(Unsuited, match="expected"):
        decode.plain(object())


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("lead", lambda floor, extra, capacity, t: floor - capacity * t),
        ("left_out", lambda base, s, capacity, floor: base == base),
        ("wins", lambda base, level: base > level + 1e9),
    ],
)
def test_a_broken_rule_is_seen(rule: str, broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a rule that attention.indexed refutes the read-outs differ from the module's, or are refused."""
    program = library.assembled("scan", word=5)
    network, layout = transformer(5, "apmdm", ""), CellLayout.of(program, "")
    monkeypatch.setattr(rules, rule, broken)
    try:
        cells = None
        for tokens, outputs in in_place(program, network, "", 8):
            if cells is None:
                cells = cells_of(network, layout, layout.opening(program))  # type: ignore[arg-type,attr-defined]
            else:
                cells.step(tokens)
            if not np.array_equal(cells.outputs, outputs):
                return
    except Unsuited:
        return
    raise AssertionError(f"expected read-outs that differ where {rule} is broken, found none")
