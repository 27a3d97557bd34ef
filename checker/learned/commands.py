"""`efasp train`, and `efasp eval` with a checkpoint. torch is imported only where it is used."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from efasp.checker.errors import UsageError, absent
from efasp.checker.files import STDIN, beside_json, put_output, unreadable_weights, writable
from efasp.checker.solvers import installed
from efasp.model.header import WeightsError
from efasp.model.learned import checkpoint
from efasp.model.learned.decode import decoded
from efasp.model.learned.network import Network
from efasp.model.learned.tasks import TASKS

PASSES = 1000  # of a decoding for every letter, and one more: then it is given up


def train(options: argparse.Namespace) -> int:
    """Train, write the checkpoint, and say how well the transitions are learned."""
    if installed("torch") is None:
        raise UsageError(f"-o: {absent('torch')}")
    from efasp.model.learned.training import STEPS, learned, trained

    beside_json("-o", options.output, options.json)
    writable("-o", options.output)
    task, steps = TASKS[options.task], STEPS if options.steps is None else options.steps
    network, loss = trained(task, options.seed, steps)
    put_output(options.output, checkpoint.dump(network))
    right, count = learned(network), len(task.transitions)
    if options.json:
        known = {"task": task.name, "seed": options.seed, "steps": steps, "output": str(options.output)}
        found = {
            "parameters": network.parameters,
            "loss": loss if steps else None,
            "transitions": {"learned": right, "of": count},
        }
        print(json.dumps({**known, **found}))
        return 0
    said = f"{right} of {count} transitions learned" + (f", loss {loss:.2g}" if steps else "")
    stream = sys.stderr if options.output == STDIN else sys.stdout
    print(f"{options.output}: {task.name}, {network.parameters} parameters, {steps} steps, {said}", file=stream)
    if right < count:
        print("efasp: not every transition is learned: more --steps, or another --seed, may do better", file=sys.stderr)
    return 0


def encoder(path: Path, flag: str) -> Network:
    """The encoder of a checkpoint. Raises UsageError."""
    try:
        return checkpoint.read(path)
    except (OSError, WeightsError) as error:
        raise unreadable_weights(path, error, flag) from None


def evaluate(options: argparse.Namespace) -> int:
    """`efasp eval --weights` with a checkpoint: decode the text by the encoder in torch, and print the answer."""
    if options.name is not None:
        raise UsageError("--name: expected FILE with it, found --weights with a checkpoint")
    if installed("torch") is None:
        raise UsageError(f"--weights: {absent('torch')}")
    from efasp.model.learned.floats import rule

    network = encoder(options.weights, "--weights")
    task, text = network.task, options.on
    if strange := [letter for letter in text if letter not in task.letters]:
        raise UsageError(f"--on: expected a text of the letters {', '.join(task.letters)}, found {strange[0]!r}")
    most = PASSES * (len(text) + 1)
    run = decoded(task, text, rule(network), most)
    answer, tokens = task.said(run.tokens) if run.halted else None, [task.names[token] for token in run.tokens]
    if options.json:
        found = {"output": tokens, "answer": answer, "passes": run.passes, "halted": run.halted, "repeats": run.repeats}
        print(json.dumps({"name": task.name, "input": text, **found}))
    elif answer is not None:
        print(answer)
    else:
        ends = f"ends at {task.shown(run.tokens)}" if run.halted else f"has not ended after {run.passes} passes"
        print(f"no answer: its decoding {'never ends' if run.repeats else ends}")
    return 0
