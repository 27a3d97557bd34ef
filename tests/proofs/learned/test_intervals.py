"""Enclosures of a trained encoder's read-outs hold what exact arithmetic and float32 make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from efasp.model.learned import checkpoint
from efasp.model.learned.network import Network, shapes
from efasp.model.learned.tasks import PARITY, Tokens
from efasp.proofs.learned import intervals, obligations
from efasp.proofs.learned.decisions import Decisions, Undecided
from efasp.proofs.learned.intervals import Enclosures, Intervals, Unbounded, exactly, high, low

FOLDER = Path(__file__).parents[3] / "paper_artifacts" / "learned"
NETWORK = checkpoint.read(FOLDER / "parity-0.safetensors")
CONTEXTS = [context for context in obligations.contexts(4, 3) if context]


def in_floats(weights: dict[str, np.ndarray], context: Tokens, order: np.ndarray | None = None) -> np.ndarray:
    """The read-outs in numpy's float32, written out by themselves; the coordinates summed in another order, if one is given."""

    def times(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        at = slice(None) if order is None or len(order) != x.shape[1] else order
        out = np.zeros((len(x), len(y)), dtype=np.float32)
        for column in np.arange(x.shape[1])[at]:
            out = (out + x[:, column, None] * y[None, :, column]).astype(np.float32)
        return out

    w = weights
    h = w["token"][list(context)] + w["place"][: len(context)]
    scores = times(times(h, w["q"]), times(h, w["k"]))
    heat = np.exp(scores - scores.max(axis=1, keepdims=True))
    heat = heat / heat.sum(axis=1, keepdims=True)
    h = h + times(times(heat, times(h, w["v"]).T), w["o"])
    hidden = np.maximum(times(h, w["up"]) + w["up_bias"], np.float32(0))
    h = h + (times(hidden, w["down"]) + w["down_bias"])
    out: np.ndarray = times(h, w["out"]) + w["out_bias"]
    return out


def in_digits(weights: dict[str, np.ndarray], context: Tokens) -> list[list[object]]:
    """The read-outs with 100 digits, in matrices of mpmath."""
    with mp.workdps(100):
        w = {name: mp.matrix(np.atleast_2d(value).tolist()) for name, value in weights.items()}
        h = mp.matrix([[w["token"][t, i] + w["place"][at, i] for i in range(w["token"].cols)] for at, t in enumerate(context)])
        q, k, v = h * w["q"].T, h * w["k"].T, h * w["v"].T
        heat = (q * k.T).apply(mp.exp)
        for row in range(heat.rows):
            total = sum(heat[row, i] for i in range(heat.cols))
            for i in range(heat.cols):
                heat[row, i] /= total
        ones = mp.ones(len(context), 1)
        h = h + heat * v * w["o"].T
        hidden = (h * w["up"].T + ones * w["up_bias"]).apply(lambda x: max(x, mp.mpf(0)))
        h = h + hidden * w["down"].T + ones * w["down_bias"]
        return (h * w["out"].T + ones * w["out_bias"]).tolist()  # type: ignore[no-any-return]


def drawn(seed: int, scale: float, sides: tuple[int, int]) -> Network:
    """Random weights."""
    rng = np.random.default_rng(seed)
    shaped = shapes(PARITY, *sides).items()
    return Network(PARITY, {name: (scale * rng.normal(size=shape)).astype(np.float32) for name, shape in shaped}, 0, 0)


def outside(network: Network, context: Tokens, order: np.ndarray | None) -> list[str]:
    """The evaluations that leave their enclosures."""
    enclosure = Decisions(network).enclosure(context)
    weights = dict(network.weights)
    found = {
        "float32": in_floats(weights, context).tolist(),
        "float32 in another order": in_floats(weights, context, order).tolist(),
        "exact": in_digits(weights, context),
    }  # fmt: skip
    with mp.workdps(100):
        return [
            name
            for name, table in found.items()
            for row, intervals_ in zip(table, enclosure, strict=True)
            for number, interval in zip(row, intervals_, strict=True)
            if not mp.mpf(low(interval).mid) <= mp.mpf(number) <= mp.mpf(high(interval).mid)
        ]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    scale=st.sampled_from([1e-22, 1e-3, 0.3, 1.0, 2.0]),
    sides=st.sampled_from([(4, 16), (1, 1), (12, 3)]),
    context=st.sampled_from(CONTEXTS),
)
def test_enclosures_hold_every_evaluation(seed: int, scale: float, sides: tuple[int, int], context: Tokens) -> None:
    """Exact arithmetic, and float32 in two orders of summation, of random encoders."""
    order = np.random.default_rng(seed).permutation(max(sides))
    assert not outside(drawn(seed, scale, sides), context, order)


def test_without_what_float32_adds_they_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals of the exact results alone do not hold float32's."""
    for name in ("ROUNDING", "TINY", "EXPONENTIAL"):
        monkeypatch.setattr(intervals, name, 0.0)
    assert {name for c in CONTEXTS[:6] for name in outside(NETWORK, c, None)} >= {"float32"}


def _unrounded(self: Enclosures, x: Intervals, y: Intervals) -> Intervals:
    return x + y  # type: ignore[no-any-return]


def _few(self: Enclosures, x: Intervals, y: Intervals) -> Intervals:
    return x @ y.T + (abs(x) @ abs(y).T) * intervals.around(intervals.ROUNDING / 16)  # type: ignore[no-any-return]


def _exactly_soft(self: Enclosures, x: Intervals) -> Intervals:
    out = np.empty(x.shape, dtype=object)
    for at in np.ndindex(x.shape):
        out[at] = 1 / sum(intervals.IV.exp(score - x[at]) for score in x[at[0]])
    return out


def _linear(self: Enclosures, x: Intervals) -> Intervals:
    return x


@pytest.mark.parametrize(
    ("name", "broken"),
    [("add", _unrounded), ("product", _few), ("softmax", _exactly_soft), ("relu", _linear)],
)
def test_a_wrong_bound_of_one_operation_is_found(name: str, broken: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the other bounds would hide it in the read-outs: each operation is compared on torch's own numbers."""
    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.setattr(Enclosures, name, broken)
    verdict = obligations.enclosed(NETWORK)
    assert verdict.status == "refuted" and verdict.countermodel is not None and f"{name}: " in verdict.countermodel["said"]


@pytest.mark.parametrize(("name", "value"), [("ROUNDING", 2.0**-28), ("TINY", 0.0)])
def test_a_wrong_constant_is_found(name: str, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an encoder of small and tiny numbers."""
    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.setattr(intervals, name, value)
    tiny = {name: weight * np.float32(1e-21) if name != "place" else weight for name, weight in NETWORK.weights.items()}
    assert "refuted" in {obligations.enclosed(n).status for n in (NETWORK, Network(PARITY, tiny, 0, 0))}


@pytest.mark.parametrize(("name", "least"), [("ROUNDING", 2**-24), ("TINY", 2**-149), ("EXPONENTIAL", 2**-22)])
def test_bounds_of_roundings_are_not_smaller_than_float32s(name: str, least: float) -> None:
    """Half a unit in the last place, of a normal and of a subnormal number; and two units of the exponential."""
    assert getattr(intervals, name) >= least


@pytest.mark.parametrize("scores", [(0.0, -40.0), (0.0, -3000.0), (70.0, 0.0), (5.0, 5.0)])
def test_softmax_allows_for_steep_scores(scores: tuple[float, float]) -> None:
    """The rounding of a difference of scores is enlarged by the exponential: its bound grows with the difference."""
    table = exactly(np.array([scores], dtype=np.float32))
    width = [float((high(x) - low(x)).b) for x in Enclosures().softmax(table).flat]
    steep = abs(scores[0] - scores[1]) * 2**-24
    exact = np.exp(np.array(scores) - max(scores))
    assert all(w >= 2 * (steep + 2**-20) * x for w, x in zip(width, exact / exact.sum(), strict=True))
    assert all(w <= 1e-2 for w in width)


def test_intervals_are_narrow() -> None:
    """Those of a product of points are as narrow as float32's rounding, and not wider."""
    table = exactly(np.array([[1.0, 2.0, -3.0]], dtype=np.float32))
    (interval,) = Enclosures().product(table, table).flat
    assert 0 < float((high(interval) - low(interval)).b) < 1.001 * 14 * (2 * 3 * 2**-23)


def test_numbers_that_float32_may_not_hold_are_refused() -> None:
    """In products, sums and differences of scores."""
    big = exactly(np.full((2, 2), 1e30, dtype=np.float32))
    for operation in (Enclosures().product, Enclosures().add):
        with pytest.raises(Unbounded, match="float32 may not hold"):
            operation(big * 1e10, big)
    with pytest.raises(Unbounded, match="differ by"):
        Enclosures().softmax(exactly(np.array([[0.0, 70_000.0]])))


def test_torch_lies_within_the_enclosures() -> None:
    """On every context of a trained encoder: 1 + 4 + 16 + 64."""
    pytest.importorskip("torch", reason="torch is not installed")
    verdict = obligations.enclosed(NETWORK)
    assert verdict.status == "measured" and "85 contexts" in verdict.method


def test_decisions_that_torch_does_not_make_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A threshold of another number, in torch alone."""
    pytest.importorskip("torch", reason="torch is not installed")
    decide = obligations.torch_rule(NETWORK)
    monkeypatch.setattr(obligations, "torch_rule", lambda network: lambda c: (decide(c)[0], ~decide(c)[1]))
    verdict = obligations.enclosed(NETWORK)
    assert verdict.status == "refuted" and verdict.countermodel is not None and "after a pass" in verdict.countermodel["said"]


def test_equal_predictions_are_undecided() -> None:
    """Where a mask is filled, and only there; a larger one is the prediction."""
    zero = {name: np.zeros_like(weight) for name, weight in NETWORK.weights.items()}
    for best, bias in ((None, 0.0), (2, 1.0)):
        zero["out_bias"] = np.array([0, 0, bias, -1, -1, -1], dtype=np.float32)
        decisions = Decisions(Network(PARITY, zero, 0, 0))
        assert not decisions.rule((0, 1, 2))[0].any()
        if best is None:
            with pytest.raises(Undecided, match="the prediction of position 1 is not known"):
                decisions.rule((0, 3))
        else:
            assert decisions.rule((0, 3))[0].tolist() == [0, best]
            assert min(decisions.margins) < 1 and min(decisions.margins) == pytest.approx(1, abs=1e-5)
