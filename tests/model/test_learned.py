"""Trained encoders: tasks, training, checkpoints and decoding."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from efasp.model.container import opened
from efasp.model.header import WeightsError
from efasp.model.learned import checkpoint
from efasp.model.learned.decode import Decision, decoded
from efasp.model.learned.network import Network
from efasp.model.learned.tasks import PARITY, PUBLISHED, TASKS, Tokens
from efasp.process import DELETE, REMASK, g

ROOT = Path(__file__).parents[2]
CHECKPOINTS = sorted((ROOT / "paper_artifacts" / "learned").glob("*.safetensors"))
# What becomes of two tokens behind the start token, as the paper's data have it.
AFTER = {"01": "M1", "M1": "1", "10": "1M", "1M": "1", "00": "MM", "11": "MM", "MM": ""}


def ideal(context: Tokens) -> Decision:
    """The decisions of an encoder that has learned every transition, written out by themselves; other contexts stay."""
    predicted, control = np.zeros(len(context), dtype=np.int64), np.zeros((len(context), 3), dtype=bool)
    text = "".join(PARITY.names[token] for token in context[1:])
    for at, (old, new) in enumerate(zip(text, {"M1": "M-", "1M": "-M", "MM": "MM"}.get(text, ""), strict=False)):
        control[1 + at, DELETE] = old == new == "M"
    for at, (old, new) in enumerate(zip(text, AFTER.get(text, text), strict=False)):
        control[1 + at, REMASK] = old != "M" == new
    return predicted, control


@given(st.text("01", max_size=40))
def test_the_right_answer_is_the_parity(text: str) -> None:
    """Of every string of digits."""
    assert PARITY.right(text) == PUBLISHED.right(text) == text.count("1") % 2


def test_only_some_sequences_say_an_answer() -> None:
    """The start token alone, or with one digit behind it."""
    sequences = [tokens for n in range(5) for tokens in product(range(4), repeat=n)]
    said = {PARITY.text(tokens): PARITY.said(tokens) for tokens in sequences if PARITY.said(tokens) is not None}
    assert said == {"S": 0, "S 0": 0, "S 1": 1}


def test_transitions_are_those_of_the_paper() -> None:
    """Algorithm 1 with the trained control bits rewrites the two tokens as the data do, and leaves shorter strings."""
    pytest.importorskip("torch", reason="torch is not installed")
    from efasp.model.learned.training import transitions

    for task in TASKS.values():
        made = {}
        for context, control in transitions(task):
            after = g(np.array(context), np.zeros(len(context), dtype=np.int64), control, task.mask)
            made[task.text(context)] = task.text(tuple(after.tolist()))
        wanted = {" ".join("S" + old): " ".join("S" + new) for old, new in AFTER.items()}
        assert made == wanted | ({text: text for text in ("S", "S 0", "S 1")} if task is PARITY else {})


@given(st.text("01", max_size=12))
def test_the_transitions_decide_parity(text: str) -> None:
    """An encoder that has learned them all decodes every string to its parity, in at most two passes a digit."""
    run = decoded(PARITY, text, ideal, 100)
    assert run.halted and PARITY.said(run.tokens) == text.count("1") % 2 and run.passes <= 2 * len(text)


def test_a_decoding_that_does_not_end_is_given_up() -> None:
    """After the passes that are allowed."""

    def rule(context: Tokens) -> Decision:
        control = np.zeros((len(context), 3), dtype=bool)
        control[0, 1] = True  # one more mask behind the start token, every time
        return np.zeros(len(context), dtype=np.int64), control

    assert decoded(PARITY, "1", rule, 5)[1:] == (5, False, False)


def test_passes_are_counted_and_repetitions_found() -> None:
    """Two passes decide 01; fewer do not; a mask that is filled and remasked never ends, however many passes are allowed."""
    assert decoded(PARITY, "01", ideal, 2) == ((0, 2), 2, True, False)
    assert decoded(PARITY, "01", ideal, 1)[1:] == (1, False, False)

    def rule(context: Tokens) -> Decision:
        control = np.zeros((len(context), 3), dtype=bool)
        control[:, REMASK] = np.array(context) == 1
        return np.full(len(context), 1), control

    run = decoded(PARITY, "0", rule, 1 << 40)
    assert run.repeats and not run.halted and run.passes < 10


def test_training_depends_on_the_seed_and_the_steps_alone() -> None:
    """The same ones give the same bytes, other ones others; torch's threads and its own generator stay as they are."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from efasp.model.learned.training import trained

    threads, state = torch.get_num_threads(), torch.get_rng_state()
    made = [checkpoint.dump(trained(PARITY, seed, steps)[0]) for seed, steps in ((1, 3), (1, 3), (2, 3), (1, 4))]
    assert made[0] == made[1] and len(set(made)) == 3
    assert threads == torch.get_num_threads() and torch.equal(state, torch.get_rng_state())


def test_training_learns() -> None:
    """After some steps more transitions are decided as they are trained, and all of them in the end."""
    pytest.importorskip("torch", reason="torch is not installed")
    from efasp.model.learned.training import learned, trained

    network, loss = trained(PUBLISHED, 1, 400)
    assert learned(network) == len(PUBLISHED.transitions) > learned(trained(PUBLISHED, 1, 0)[0]) and loss < 0.1


# Checkpoints.


@pytest.fixture
def network() -> Network:
    """A checkpoint of the repository."""
    return checkpoint.read(CHECKPOINTS[0])


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem)
def test_a_checkpoint_is_read_as_it_was_written(path: Path) -> None:
    """The same bytes again."""
    network = checkpoint.read(path)
    assert checkpoint.dump(network) == path.read_bytes()
    assert path.stem == f"{network.task.name}-{network.seed}" and network.parameters == 270


def _without(key: str) -> Callable[[dict[str, str], dict[str, np.ndarray]], None]:
    return lambda metadata, tensors: (metadata if key in metadata else tensors).pop(key)  # type: ignore[return-value]


def _with(key: str, value: str) -> Callable[[dict[str, str], dict[str, np.ndarray]], None]:
    return lambda metadata, tensors: metadata.update({key: value})


def _tensor(key: str, value: np.ndarray) -> Callable[[dict[str, str], dict[str, np.ndarray]], None]:
    return lambda metadata, tensors: tensors.update({key: value})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_with("format", "efasp-program"), "expected 'efasp-learned', found 'efasp-program'"),
        (_with("version", "9"), "metadata version"),
        (_without("task"), "expected a key task"),
        (_without("shape"), "expected a key shape"),
        (_with("task", "primes"), "metadata task: expected parity or parity-published, found 'primes'"),
        (_with("seed", "-1"), "metadata seed: expected a number of 0 to 2^63 - 1, found '-1'"),
        (_with("steps", ""), "metadata steps: expected a number"),
        (_with("shape", "[4, 16]"), "metadata shape"),
        (_with("shape", '{"d_ff": 16, "d_model": 65}'), "d_ff and d_model of 1 to 64"),
        (_with("shape", '{"d_ff": true, "d_model": 4}'), "metadata shape"),
        (_with("shape", '{"d_ff": 16, "d_model": 5}'), "expected the shape"),
        (_without("o"), "expected a tensor o, found none"),
        (_tensor("more", np.zeros(3, np.float32)), "expected no tensor 'more'"),
        (_tensor("up_bias", np.zeros(3, np.float32)), "up_bias: expected the shape (16,), found (3,)"),
        (_tensor("up_bias", np.zeros(16, np.float64)), "up_bias: expected numbers of float32, found float64"),
        (_tensor("up_bias", np.full(16, np.nan, np.float32)), "up_bias: expected finite numbers"),
    ],
)
def test_another_file_is_refused(
    change: Callable[[dict[str, str], dict[str, np.ndarray]], None], said: str, network: Network, tmp_path: Path
) -> None:
    """With what was expected and found."""
    with opened(CHECKPOINTS[0]) as file:
        metadata = dict(file.metadata())
    tensors = dict(network.weights)
    change(metadata, tensors)
    path = tmp_path / "changed.safetensors"
    path.write_bytes(save(tensors, metadata))
    with pytest.raises(WeightsError) as error:
        checkpoint.read(path)
    assert said in str(error.value) and str(path) in str(error.value)
