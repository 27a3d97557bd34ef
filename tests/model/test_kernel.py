"""The kernel of indexed passes against the passes in numpy and the module: the same numbers and the same refusals, whether
it is compiled or, as where numba is not installed, run by the interpreter."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efasp.encoding import CellLayout, TokenSequence
from efasp.model import decode
from efasp.model.indexed import passes, rules
from efasp.model.indexed.compiled import Kernel
from efasp.model.indexed.kernel import forms, jit, table, whole
from efasp.model.indexed.kernel.heads import HeadArrays
from efasp.model.indexed.lookups import Unsuited
from efasp.model.indexed.passes import Passes
from efasp.model.indexed.weights import Weights
from efasp.model.transformer import Transformer
from efasp.pram import library
from efasp.pram.isa import Instruction
from efasp.pram.machine import Program
from tests.efasp.pram.strategies import programs
from tests.model.compiled import plan, transformer
from tests.model.test_indexed import cells_of, changed, decoded, in_place

RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck))


def passes_of(network: Transformer, layout: CellLayout, opening: TokenSequence) -> Passes:
    """The passes over a sequence of cells."""
    prompt, active = opening[: layout.prompt_length], opening[layout.prompt_length :]
    return Passes(decode.plain(network), prompt, active, active.places[:, 1])


def sample() -> tuple[Transformer, CellLayout, TokenSequence]:
    """A transformer, and the cells of a program."""
    program = library.assembled("scan", word=5)
    layout = CellLayout.of(program, "")
    return transformer(5, "apmdm", ""), layout, layout.opening(program)  # type: ignore[return-value,attr-defined]


def read_later(weights: Weights) -> list[np.ndarray]:
    """By sublayer the coordinates on which a read-out of some stream depends: found backwards, by the weights' patterns."""
    need = np.abs(weights.arrays["out.weight"]).sum(axis=0) > 0
    found = [need]
    for number in range(len(weights.rows) - 1, -1, -1):
        for names in (("up",), ("q", "k", "v")):
            for name in names:
                matrix = weights.arrays.get(f"layers.{number}.{name}.weight", np.zeros((0, weights.width)))
                need = need | (np.abs(matrix).sum(axis=0) > 0)
            found.insert(0, need)
    return found


def by_kernel(cells: Passes, tokens: np.ndarray, patch: pytest.MonkeyPatch) -> np.ndarray:
    """A pass by the kernel, from the second on."""
    patch.setattr(passes, "COMPILED", 2)
    patch.setattr(passes, "usable", lambda: True)
    return cells.step(tokens)


def by_numpy(cells: Passes, tokens: np.ndarray, patch: pytest.MonkeyPatch) -> np.ndarray:
    """A pass in numpy."""
    patch.setattr(passes, "usable", lambda: False)
    return cells.step(tokens)


def compare(program: Program, network: Transformer, extension: str, steps: int, kernel_from: int = 1) -> None:
    """Passes by the kernel, from pass ``kernel_from`` on, and in numpy: the same read-outs, streams, and bounds of sums."""
    layout = CellLayout.of(program, extension)
    opening = layout.opening(program)  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        both: list[Passes] = []
        for step, (tokens, outputs) in enumerate(in_place(program, network, extension, steps)):
            if not both:
                both = [passes_of(network, layout, opening) for _ in range(2)]  # type: ignore[arg-type]
                continue
            found = (by_kernel if step >= kernel_from else by_numpy)(both[0], tokens, patch)
            assert set(found.tolist()) >= set(np.flatnonzero((both[0].outputs != both[1].outputs).any(axis=1)).tolist())
            by_numpy(both[1], tokens, patch)
            assert np.array_equal(both[0].outputs, outputs) and np.array_equal(both[1].outputs, outputs)
            streams = [cells.stream for cells in both]
            for number, read in enumerate(read_later(both[0].weights)):
                at = read[streams[0].at[number]]
                assert np.array_equal(*(stream.shared[number][:, read] for stream in streams))
                assert np.array_equal(*(stream.own[number][:, at] for stream in streams))
                assert np.array_equal(*(stream.exact.ends[number][:, read] for stream in streams))
            for one, other in zip(*(stream.exact.sides for stream in streams), strict=True):
                assert np.array_equal(one, other)


@settings(RELAXED, max_examples=6)
@given(
    st.sampled_from(["", "M"]).flatmap(lambda e: st.tuples(st.just(e), programs(e, (5, 9), max_processors=3, max_memory=5))),
    st.integers(1, 3),
)
def test_passes_by_the_kernel_are_those_in_numpy(case: tuple[str, Program], first: int) -> None:
    """Every number of every pass, bit for bit, from whichever pass on the kernel takes over."""
    extension, program = case
    compare(program, transformer(program.word, "apmdm", extension), extension, 6, first)


@pytest.mark.parametrize("name", ["scan", "fault"])
def test_library_programs(name: str) -> None:
    """Several processors, that stop and fault."""
    program = library.assembled(name, word=5)
    compare(program, transformer(5, "apmdm", ""), "", 5)


@pytest.mark.parametrize("word", [5, 20])
def test_a_run_says_the_same(word: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole report of a run, in both dtypes, and so its JSON."""
    code = Instruction("pid", 1), Instruction("st", 1, 1, 1), Instruction("ld", 2, 1, 1), Instruction("halt")
    program, network = Program(code, word, 2, 4), transformer(word, "apmdm", "")
    monkeypatch.setattr(passes, "usable", lambda: False)
    wanted = decode.run(program, "apmdm", network)
    monkeypatch.setattr(passes, "usable", lambda: True)
    monkeypatch.setattr(passes, "COMPILED", 2)
    assert decode.run(program, "apmdm", network) == wanted and wanted.attention == "indexed" and wanted.finished


def test_the_kernel_is_used_where_it_is_compiled() -> None:
    """By the interpreter it would be slower than numpy."""
    assert passes.usable() == jit.COMPILES


@settings(RELAXED, max_examples=8)
@given(seed=st.integers(0, 1 << 32))
def test_changed_weights_go_wrong_alike(seed: int) -> None:
    """The same tokens, right or wrong, and a dense pass from the same step on."""
    program, network = library.assembled("fault", word=5), changed(5, "apmdm", Random(seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "usable", lambda: False)
        wanted = decoded(program, "apmdm", network, "indexed", 4)
        patch.setattr(passes, "COMPILED", 2)
        patch.setattr(passes, "usable", lambda: True)
        found = decoded(program, "apmdm", network, "indexed", 4)
    assert found[:2] == wanted[:2] and found[2].partition(":")[0] == wanted[2].partition(":")[0]


def test_a_rule_that_is_broken_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's own reading of the rules: where the old term stays in a sum, numbers differ or are refused."""
    monkeypatch.setattr(forms, "replaced", lambda total, weight, old, new: total + weight * new)
    for name in ("compute_group", "shift"):
        monkeypatch.setattr(forms, name, getattr(getattr(forms, name), "py_func", getattr(forms, name)))
    if jit.COMPILES:
        pytest.skip("compiled code does not look up names")
    with pytest.raises((AssertionError, Unsuited)):
        compare(library.assembled("scan", word=5), transformer(5, "apmdm", ""), "", 4)


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(-1, 1), min_size=3, max_size=3)), max_size=60))
def test_keys_are_found_by_their_bits(keys: list[tuple[int, list[int]]]) -> None:
    """Open addressing gives every key of every table one number, as a dictionary does."""
    slots, known = np.full(256, -1, dtype=np.int64), dict[tuple[int, ...], int]()
    names, owner = np.zeros((64, 3), dtype=np.int8), np.full(64, -1, dtype=np.int64)
    for head, bits in keys:
        signs = np.array(bits, dtype=np.int8)
        at = table.slot(slots, names, owner, signs, head)
        assert slots[at] == known.get((head, *bits), -1)
        if slots[at] < 0:
            slots[at] = number = known[head, *bits] = len(known)
            names[number], owner[number] = signs, head


@given(seed=st.integers(0, 1 << 32), whole=st.booleans())
def test_values_are_stored_and_looked_at(seed: int, whole: bool) -> None:
    """The rows that differ, the least and largest values beyond the cap, and the refusal of what is left, or no integer."""
    draw, rows = np.random.default_rng(seed), np.array([1, 2, 4])
    into, at, ends = np.array([1, -1, 0]), np.array([3, 5]), np.zeros((2, 6))
    before = draw.integers(-1, 2, (5, 2)).astype(np.float32)
    values = draw.choice([-3, -1, 0, 0.5, 1, 3], (3, 3), p=[0.1, 0.2, 0.25, 0.05, 0.3, 0.1]).astype(np.float32)
    values[1] *= draw.random() < 0.3
    after, differ, state = before.copy(), np.zeros(3, dtype=np.bool_), np.zeros(3, dtype=np.int64)
    side = forms.Side(before, after, at, ends, np.array([2.0]), np.array([whole]))
    forms.put(side, into, rows, values, differ, state)
    wanted = before.copy()
    wanted[rows] = values[[2, 0]].T
    assert np.array_equal(after, wanted) and differ.tolist() == (wanted != before)[rows].any(axis=1).tolist()
    large = np.where(np.abs(values[[2, 0]]) > 2, values[[2, 0]], 0)
    assert ends[:, at].tolist() == [large.min(axis=1, initial=0).tolist(), large.max(axis=1, initial=0).tolist()]
    assert state[forms.STREAM] == large.any()
    broken = not whole and (values[[0, 2]] % 1 != 0).any()
    reasons = [reason for reason, holds in ((rules.LEFTOVERS, values[1].any()), (rules.FRACTIONS, broken)) if holds]
    assert state[forms.REASON] in (reasons or [0])


@settings(RELAXED, max_examples=80)
@given(seed=st.integers(0, 1 << 32), factor=st.sampled_from([-1, 0, 0.5, 1, 2]))
def test_keys_are_weighed_as_in_numpy(seed: int, factor: float) -> None:
    """Which keys can win, and their bases, and the refusal of keys that are none of bits: real keys with a changed number."""
    draw = Random(seed)
    layers = [heads for heads, _ in passes_of(*sample()).layers if heads is not None and len(heads.tables)]
    heads = draw.choice(layers)
    rows = np.array(sorted(draw.sample(range(len(heads.cells.every)), 5)))
    keys = heads.both.at(rows)[:, : heads.keyed]
    heads.lookups.whole = draw.random() < 0.5
    for at in draw.sample(range(heads.keyed), draw.choice([1, heads.keyed])):
        row = draw.randrange(5)
        keys[row, at] = draw.choice([keys[row, at] * factor, keys[row, at], factor])
    known, state = table.table_of(heads.lookups, 5), np.zeros(3, dtype=np.int64)
    goes, bases = np.zeros((len(heads.tables), 5), dtype=np.bool_), np.zeros((len(heads.tables), 5))
    table.weigh(known, heads.tables, heads.fixed, rows, keys.T.copy(), goes, bases, state)
    try:
        at, of, _, wanted = heads.lookups.candidates(heads.fixed + rows, keys.reshape(5, -1, heads.size), heads.tables)
    except Unsuited:
        assert state[forms.REASON]
        return
    assert not state[forms.REASON] and np.array_equal(known.safe, heads.lookups.safe)
    places = at, np.searchsorted(heads.tables, of)
    assert np.array_equal(np.argwhere(goes.T), np.transpose(places)) and bases.T[places].tolist() == wanted.tolist()


def test_compiled_code_is_cached_by_its_text(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """In the user's cache folder, under a name that changes with the text of any file that is compiled."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = jit.folder()
    assert before.is_relative_to(tmp_path)
    copy = tmp_path / "indexed" / "kernel"
    copy.mkdir(parents=True)
    (copy / "jit.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(jit, "__file__", str(copy / "jit.py"))
    assert jit.folder() != before


def test_heads_of_the_same_keys_have_queries_of_one_unit() -> None:
    """Keys are left out by one head's capacity for all of its table: where another head's differs, passes are dense."""
    program, network = library.assembled("scan", word=5), Transformer.of(plan(5, "apmdm", ""), "float32")
    layout = CellLayout.of(program, "")
    opening = layout.opening(program)  # type: ignore[attr-defined]
    heads = cells_of(network, layout, opening).layers[2][0]  # type: ignore[arg-type]
    assert heads is not None and heads.lookups.form.table[:2] == (0, 0)
    bits = heads.size + np.flatnonzero(heads.lookups.form.bits[1])
    dict(network.state_dict())["layers.2.q.weight"][bits] *= 2
    with pytest.raises(Unsuited, match="of one unit for heads of the same keys"):
        cells_of(network, layout, opening)  # type: ignore[arg-type]


@pytest.mark.skipif(jit.COMPILES, reason="compiled code does not look up names")
def test_arrays_are_found_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled pass takes every array from the table with the dimensions and the dtype that it has, in order."""
    kernel = Kernel(passes_of(*sample()))
    dtype = kernel.cells.outputs.dtype
    for name, dimensions in (("one", 1), ("two", 2), ("three", 3)):
        monkeypatch.setattr(whole, name, lambda table, at, kind, d=dimensions: (table[at], d, np.dtype(kind)))

    def flat(tree: object) -> list[object]:
        return [x for part in tree for x in flat(part)] if hasattr(tree, "_fields") else [tree]  # type: ignore[attr-defined]

    for arrays in kernel.layers:
        held = list(whole.leaves(arrays))
        at = whole.heads_at if isinstance(arrays, HeadArrays) else whole.block_at
        found = flat(at(range(len(held)), 0, np.zeros(0, dtype=dtype)))
        assert found == [(number, array.ndim, array.dtype) for number, array in enumerate(held)]
        table = whole.addresses(arrays)
        assert table[:, 0].tolist() == [array.ctypes.data for array in held]


@pytest.mark.slow
@pytest.mark.skipif(not jit.COMPILES, reason="numba is not installed")
def test_the_compiled_kernel() -> None:
    """Compiled, in both dtypes: a run of many steps, which is also long enough for tables to grow."""
    for word, steps in ((9, 40), (20, 20)):
        program = library.assembled("scan", word=word)
        compare(program, transformer(word, "apmdm", ""), "", steps)
