"""Decoding: the transformer run as a masked diffusion model and as an any-process generator.

**Recomputation.** A step gives the transformer only the positions that can change; keys and values of the others
come from a cache. That is exact, because a key or value that can win a match no longer changes:

* In the log, the keys and values of a position in any layer (the word and address that it holds, whether its block is complete,
  whether it is beaten) depend on its own block's tokens alone. The results of its own lookups may still change, but no key or
  value uses them. So a block's keys and values are final at the first pass in which it is complete; and the masks of later
  times lose every match, so that leaving them out changes nothing.
* In the cell layout the prompt's tokens never change. Their reads of the cells do, and with these some of their keys; but only
  counters, registers and memory words are candidates of the matches that use such keys, so the prompt's keys lose, old or new.

A loser's weight is exactly 0, so its stale entry in the cache does not matter. Both are tested against the full pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np

from efasp.encoding import CellLayout, LogLayout, TokenSequence, join
from efasp.model.compile import ENGINES, MASKED_ARM, log_masked_arm
from efasp.model.runs import DecodingError, Observer, State, followed
from efasp.model.sampler import THRESHOLD, confidence, predictions, split
from efasp.model.transformer import Cache, Transformer
from efasp.pram import machine
from efasp.pram.machine import Configuration, Program, Run
from efasp.process import g, unmask


class NoNumbers(DecodingError):
    """Read-outs that are infinite or NaN: the dtype's range is exceeded."""


class Context:
    """The context before the positions that are decoded: a sequence that grows, and the keys and values cached of it."""

    def __init__(self, transformer: Transformer, sequence: TokenSequence, cached: bool) -> None:
        self.sequence = sequence
        self._transformer = transformer
        self._cache = Cache() if cached else None
        self._held = 0  # how many of the sequence's positions the cache holds

    def append(self, block: TokenSequence) -> None:
        """Let the sequence grow by a block that no longer changes."""
        self.sequence = join([self.sequence, block])

    def outputs(self, block: TokenSequence, step: int) -> np.ndarray:
        """The read-outs of a block behind the sequence, (positions, width). Raises NoNumbers where they are infinite or NaN."""
        active = join([self.sequence[self._held :], block])
        outputs = self._transformer.outputs(active.tokens, active.places, self._cache)[-len(block) :]
        if self._cache is not None:
            self._cache.keep(len(active) - len(block))
            self._held = len(self.sequence)
        if not np.isfinite(outputs).all():
            raise NoNumbers(f"the outputs are no numbers (infinity or NaN) at step {step}")
        return outputs


def masked_diffusion(
    program: Program,
    transformer: Transformer,
    extension: str,
    *,
    order: Callable[[np.ndarray], np.ndarray] | None = None,
    cached: bool = True,
    context_steps: int | None = None,
) -> Iterator[State]:
    """Decode a program's log, one PRAM step after the other, without end; the caller stops when all processors have.

    Every pass unmasks the masked positions whose confidence reaches ``THRESHOLD`` (the standard sampler), or those that
    ``order`` picks from their positions (one at a time, in any order: the same machine, in more passes). With
    ``context_steps`` the context holds the masks of all times up to it from the start; else a block of masks is added when
    it is due, which is the same, as masks of later times lose every match. Without ``cached`` every pass is the full
    forward pass over the sequence.
    """
    layout = LogLayout.of(program, extension)
    assert isinstance(layout, LogLayout)
    state = machine.initial(program)
    context = Context(transformer, layout.opening(program), cached)
    size, mask, passes = layout.block_length, layout.vocabulary.token("mask"), 0
    ahead = layout.ahead(1, context_steps) if context_steps else None
    for time in layout.steps[:context_steps]:
        block = layout.masks(time) if ahead is None else ahead
        while (block.tokens[:size] == mask).any():
            outputs = context.outputs(block, time)
            passes += 1
            tokens = predictions(outputs, layout)
            ready = (block.tokens == mask) & (confidence(outputs, layout) >= THRESHOLD) & (tokens != mask)
            if order is not None and ready.any():
                ready &= np.isin(np.arange(len(ready)), order(np.flatnonzero(ready)))
            if not ready.any():
                raise DecodingError(f"step {time}: no position of the block is ready")
            block = TokenSequence(unmask(block.tokens, tokens, ready, mask), block.places)
        context.append(block[:size])
        ahead = None if ahead is None else block[size:]
        state = layout.apply(state, layout.events(block.tokens[:size], f"step {time}"))
        yield State(time, passes, state, context.sequence)


def masked_arm(
    program: Program, transformer: Transformer, extension: str, *, ranks: Callable[[int, int], np.ndarray] | None = None
) -> Iterator[State]:
    """Decode a program's log left to right, one token a pass: every pass fills the leftmost mask with the next event.

    ``transformer``: of ``model.compile.compile_masked_arm``. The events of a step's block are those that one-at-a-time masked
    diffusion unmasks, in its order: of the masked positions from ``first`` up to ``end`` that of the least rank, of those that
    ``ranks(first, end)`` gives (default: the leftmost). A block of masks is added when it is due. Every pass is a full one.
    """
    layout = LogLayout.of(program, extension)
    assert isinstance(layout, LogLayout)
    arm, state, passes = log_masked_arm(program.word, extension), machine.initial(program), 0
    opening, mask = layout.opening(program), layout.vocabulary.token("mask")
    given = opening.tokens
    z, places = np.array(arm.opening(given.tolist())), arm.rows(opening.places)
    for time in layout.steps:
        first, block = len(z), layout.masks(time)
        end = first + len(block)
        if end > 1 << arm.bits:
            raise DecodingError(f"step {time}: expected at most {1 << arm.bits} positions of a Masked-ARM, found {end}")
        numbers = np.arange(first, end)
        here = np.column_stack([block.places, numbers, numbers if ranks is None else ranks(first, end)])
        z, places = np.concatenate([z, np.full(len(block), arm.mask)]), np.concatenate([places, here])
        x = block.tokens.copy()
        for slot in range(first, end):
            outputs = transformer.outputs(z, places)
            passes += 1
            if not np.isfinite(outputs).all():
                raise NoNumbers(f"the outputs are no numbers (infinity or NaN) at step {time}")
            z[slot] = arm.vocabulary.read(outputs[slot : slot + 1])[0]
            if z[slot] == arm.mask:
                raise DecodingError(f"step {time}: no position of the block is ready")
            at, token = arm.split(int(z[slot]))
            if not (first <= at < end and x[at - first] == mask):
                raise DecodingError(f"step {time}: expected an event at a masked position of the block, found one at {at}")
            x[at - first] = token
        given = np.concatenate([given, x])
        state = layout.apply(state, layout.events(x, f"step {time}"))
        yield State(time, passes, state, TokenSequence(given, places[:, :-2]))


def any_process(program: Program, transformer: Transformer, extension: str, *, cached: bool = True) -> Iterator[State]:
    """Decode a program in place, one PRAM step a pass: ``x <- g(x, y, c)``; ends at a fixed point.

    Without ``cached`` every pass decodes the prompt too.
    """
    layout = CellLayout.of(program, extension)
    assert isinstance(layout, CellLayout)
    book, start = layout.vocabulary, layout.prompt_length if cached else 0
    opening = layout.opening(program)
    context, active, mask = Context(transformer, opening[:start], cached), opening[start:], book.token("mask")
    for step in count(1):
        outputs = context.outputs(active, step)
        after = g(active.tokens, predictions(outputs, layout), split(book.width, outputs)[1] > 0.5, mask)
        if np.array_equal(after, active.tokens):
            return
        if len(after) != len(active):
            raise DecodingError(f"step {step}: expected {len(active)} tokens, found {len(after)}: insertions or deletions")
        active = TokenSequence(after, active.places)
        sequence = join([context.sequence, active])
        configuration, _ = layout.state(sequence.tokens)
        yield State(step, step, configuration, sequence)


def run(
    program: Program,
    engine: str,
    transformer: Transformer,
    extension: str = "",
    max_steps: int = 10_000,
    observe: Observer | None = None,
    history: list[Configuration] | None = None,
) -> Run:
    """Run a program in the transformer, as ``model.runs.followed`` says: to its end, or to what ends it before.

    Raises ValueError for an unknown engine or a program that the machine does not take, DecodingError for weights that do not
    decode.
    """
    if engine not in (*ENGINES, MASKED_ARM):
        raise ValueError(f"engine: expected mdm, apmdm or {MASKED_ARM}, found {engine!r}")
    machine.validate(program, extension)
    decode = {"mdm": masked_diffusion, "apmdm": any_process, MASKED_ARM: masked_arm}[engine]
    layout = (CellLayout if engine == "apmdm" else LogLayout).of(program, extension)
    states: Iterator[State] = decode(program, transformer, extension)  # type: ignore[operator]
    return followed(program, engine, layout, states, transformer.summary(), max_steps, observe, history)
