"""The obligations about a trained encoder: its decisions, the decoding of strings of every length, and what torch computes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import ROUND_FLOOR, Context
from functools import cache
from itertools import product
from random import Random
from typing import Any

import numpy as np

from efasp.model.learned.checkpoint import dump
from efasp.model.learned.decode import Rule, Run, advanced, decoded
from efasp.model.learned.network import Network, readouts
from efasp.model.learned.tasks import Tokens
from efasp.proofs.learned.decisions import Decisions, Undecided
from efasp.proofs.learned.every_length import Graph
from efasp.proofs.learned.intervals import PRECISION, Unbounded
from efasp.proofs.obligation import Kind, Obligation, Verdict

CLAIM = "table-parity"
EVERY = (0, 1 << 64)
SHORT, LONG, EACH = 8, (9, 16, 33, 100, 1000), 3  # lengths of which torch decodes all strings, and lengths with so many drawn
SEED = 0
DOWN = Context(prec=2, rounding=ROUND_FLOOR)
EXACT = f"intervals with ends of {PRECISION} bits, roundings of float32 included"
ASSUMED = (
    "torch's float32: IEEE 754, with subnormal numbers; products of matrices in no lower precision",
    "torch.softmax: each score less the largest one, its exponential within 2^-20 of its value or within 2^-126, over the sum",
)


def obligations(network: Network) -> Iterator[Obligation]:
    """All about a trained encoder, the decoding of strings of every length among them."""
    task, digest = network.task, hashlib.sha256(dump(network)).hexdigest()
    params = {"task": task.name, "file": digest[:16]}

    @cache
    def graph() -> tuple[Graph, Decisions]:
        decisions = Decisions(network)
        return Graph(task, decisions), decisions

    def one(name: str, scope: str, kind: Kind, n: tuple[int, int], discharge: Callable[[], Verdict]) -> Obligation:
        assumed = ASSUMED if kind == "exact" else ()
        content = f"{scope}\n{digest}"
        return Obligation(f"learned.{name}", CLAIM, params, scope, n, kind, content, discharge, assumed=assumed)

    strings = f"strings of {', '.join(task.letters)} of every length"
    yield one("decisions", f"all contexts to which {strings} lead", "exact", EVERY, lambda: decided(*graph()))
    yield one("every_length", strings, "exact", EVERY, lambda: answered(network, *graph()))
    measured = f"measured: all contexts of up to {task.context} tokens, the empty one among them"
    yield one("readouts", measured, "measurement", (0, task.context), lambda: enclosed(network))
    drawn = ", ".join(map(str, LONG))
    measured = f"measured: all strings of up to {SHORT} letters, {EACH} drawn of each of {drawn} letters"
    yield one("strings", measured, "measurement", (0, LONG[-1]), lambda: right(network, graph()[0]))


def decided(graph: Graph, decisions: Decisions) -> Verdict:
    """Whether every decision that decoding asks for holds of all numbers in the enclosures."""
    if graph.unknown:
        return Verdict("unknown", f"{EXACT}: {graph.unknown[0]}")
    margin = DOWN.create_decimal(min(decisions.margins, default=0.0))
    counted = f"{len(decisions.margins)} decisions on {len(decisions.contexts)} contexts"
    return Verdict("proved", f"{EXACT}: {counted}, margin at least {margin}")


def answered(network: Network, graph: Graph, decisions: Decisions) -> Verdict:
    """Whether every string is decoded to its right answer; if not, with the shortest string known that is not, run in torch."""
    method = f"induction over the length, on a graph of {len(graph.texts)} sequences"
    if failures := graph.failures():
        text, why = failures[0]
        try:
            rule, replayed = torch_rule(network), ""
        except ModuleNotFoundError:  # the decisions of the enclosures are torch's
            rule, replayed = decisions.rule, "; not replayed, as torch is not installed"
        wrong = wrongly(network, decoded(network.task, text, rule, 16 * len(graph.texts)), text)
        if wrong is None:
            return Verdict("error", f"{method}: {text!r}: {why}, but torch decodes it to its right answer")
        return Verdict("refuted", method + replayed, wrong)
    if graph.unknown:
        return Verdict("unknown", f"{method}: {graph.unknown[0]}")
    return Verdict("proved", f"{method}: at most {graph.most_between_letters()} (n + 1) passes for n letters")


def enclosed(network: Network) -> Verdict:
    """Whether torch's read-outs, and the results of each operation, lie in their enclosures, and torch decides as these do."""
    from efasp.model.learned.floats import tensors
    from efasp.proofs.learned.comparison import Compared, Outside, compare

    decisions, weights, task = Decisions(network), tensors(network), network.task
    decide, method = torch_rule(network), "torch, float32"
    counts = Counter[str]()
    for context in contexts(len(task.names), task.context):
        found, shown = advanced(task, context, decide), task.text(context) or "the empty context"
        try:
            enclosure = decisions.enclosure(context)
            compare("read-outs", readouts(Compared(), weights, np.array(context, dtype=np.int64)).numpy(), enclosure)
            after, how = advanced(task, context, decisions.rule), "contexts"
        except Outside as error:
            return Verdict("refuted", method, {"context": shown, "said": f"{shown}: {error}"})
        except Unbounded as error:
            return Verdict("unknown", f"{shown}: {error}")
        except Undecided:
            after, how = found, "contexts without a decision"
        counts[how] += 1
        if after != found:
            said = f"{shown}: expected {task.shown(after)} after a pass, found {task.shown(found)}"
            return Verdict("refuted", method, {"context": shown, "said": said})
    return Verdict("measured", f"{method}: {', '.join(f'{count} {how}' for how, count in sorted(counts.items()))}")


def right(network: Network, graph: Graph) -> Verdict:
    """Whether torch decodes short strings and some long ones to their right answers, as the graph has it."""
    rule, method, count = torch_rule(network), "torch, float32", 0
    most = None if graph.unknown or graph.failures() else graph.most_between_letters()
    for text in texts(network.task.letters):
        limit = 8 * (len(text) + 8) if most is None else most * (len(text) + 1)
        run = decoded(network.task, text, rule, limit + 1)
        if most is not None and run.passes > limit:
            said = f"{text!r}: expected at most {most} ({len(text)} + 1) passes, found more"
            return Verdict("refuted", method, {"string": text, "said": said})
        if not run.halted and not run.repeats:
            return Verdict("unknown", f"{method}: {text!r}: not decoded after {run.passes} passes")
        if (wrong := wrongly(network, run, text)) is not None:
            return Verdict("refuted", method, wrong)
        if (said_ := astray(graph, text, run)) is not None:
            return Verdict("refuted", method, {"string": text, "said": f"{text!r}: {said_}"})
        count += 1
    return Verdict("measured", f"{method}: {count} strings")


def astray(graph: Graph, text: str, run: Run) -> str | None:
    """How a decoding that halts differs from its path in the graph, in words, or None."""
    path, shown = graph.run(text, run.passes), graph.task.shown
    if path is None:
        return None if graph.unknown else "its decoding is not in the graph of all decodings"
    if path != run:
        wanted = f"{shown(path.tokens)} after {path.passes} passes, as in the graph of all decodings"
        return f"expected {wanted}, found {shown(run.tokens)} after {run.passes}"
    return None


def wrongly(network: Network, run: Run, text: str) -> dict[str, Any] | None:
    """How the decoding of a string differs from its right answer, or None. One that was given up differs."""
    task, answer = network.task, network.task.right(text)
    if run.halted and task.said(run.tokens) == answer:
        return None
    shown = task.shown(run.tokens)
    if run.halted:
        why = f"its decoding ends at {shown}"
    else:
        why = f"its decoding never ends, and comes back to {shown}" if run.repeats else f"its decoding is at {shown}"
    said = f"{text!r} has the answer {answer}; {why}"
    return {"string": text, "expected": answer, "got": shown, "halted": run.halted, "said": said}


def torch_rule(network: Network) -> Rule:
    """The decisions that torch makes."""
    from efasp.model.learned.floats import rule

    return rule(network)


def contexts(tokens: int, longest: int) -> Iterator[Tokens]:
    """All sequences of up to ``longest`` tokens."""
    for length in range(longest + 1):
        yield from product(range(tokens), repeat=length)


def texts(letters: str) -> Iterator[str]:
    """The strings that are measured."""
    for length in range(SHORT + 1):
        yield from map("".join, product(letters, repeat=length))
    rng = Random(SEED)
    for length in LONG:
        yield from ("".join(rng.choices(letters, k=length)) for _ in range(EACH))
