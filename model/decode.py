"""Decoding: the transformer run as a masked diffusion model and as an any-process generator.

**Recomputation.** A step gives the transformer only the positions that can change; keys and values of the others
come from a cache. That is exact, because a key or value that can win a match no longer changes:

* In the log, the keys and values of a position in any layer (the word and address that it holds, whether its block is complete,
  whether it is beaten) depend on its own block's tokens alone. The results of its own lookups may still change, but no key or
  value uses them. So a block's keys and values are final at the first pass in which it is complete; and the masks of later
  times lose every match, so that leaving them out changes nothing.
* In the cell layout the prompt's tokens never change. Their reads of the cells do, and with these some of their keys; but only
  counters, registers and memory words are candidates of the matches that use such keys, so the prompt's keys lose, old or new.

A loser's weight is exactly 0, so its stale entry in the cache does not matter. That every lookup gives the same with cached
keys and values is shown of the machines' steps (simulation.settled, simulation.cached, specialised.cached), which a file's
weights compute (lowering); that runs with the cache have the tokens of runs without it is measured (process.orders).

**Indexed passes** (``model.indexed``) have the numbers of these passes, cache and all, at the cost of what changes. Nothing is
assumed of the weights: each number that they use is checked to be such that the module's is the same, and where one is not, the
passes from there on are the module's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np

from efasp.encoding import CellLayout, LogLayout, TokenSequence, join
from efasp.model.compile import ENGINES, MASKED_ARM, log_masked_arm
from efasp.model.indexed.configurations import Configurations
from efasp.model.indexed.log import Log
from efasp.model.indexed.lookups import Unsuited
from efasp.model.indexed.passes import Passes
from efasp.model.indexed.weights import Weights
from efasp.model.runs import DecodingError, Observer, State, followed
from efasp.model.sampler import THRESHOLD, confidence, predictions, split
from efasp.model.transformer import Cache, Transformer
from efasp.pram import machine
from efasp.pram.machine import Configuration, Program, Run
from efasp.process import g, unmask

ATTENTION = ("dense", "indexed")


class NoNumbers(DecodingError):
    """Read-outs that are infinite or NaN: the dtype's range is exceeded."""


class Context:
    """The context before the positions that are decoded: a sequence that grows, and the keys and values cached of it.

    ``attention`` "indexed" has the passes indexed (``model.indexed.log``) where that is shown to be exact; ``why`` says why
    they are dense.
    """

    def __init__(self, transformer: Transformer, sequence: TokenSequence, cached: bool, attention: str = "dense") -> None:
        self._tokens, self._places, self._length = sequence.tokens, sequence.places, len(sequence)
        self._transformer = transformer
        self._cache = Cache() if cached else None
        self._held = 0  # how many of the sequence's positions the cache holds
        self._log: Log | None = None
        self._passes: list[tuple[int, TokenSequence]] = []  # the first pass after each growth: the length, and the block
        self.why = ""
        if attention == "indexed" and cached:
            try:
                self._log = Log(plain(transformer))
            except Unsuited as reason:
                self.why = str(reason)

    @property
    def sequence(self) -> TokenSequence:
        """The sequence as it is now."""
        return TokenSequence(self._tokens[: self._length], self._places[: self._length])

    def append(self, block: TokenSequence) -> None:
        """Let the sequence grow by a block that no longer changes."""
        need = self._length + len(block)
        if need > len(self._tokens):  # sequences given out before stay what they are
            spare = np.zeros(need, dtype=self._tokens.dtype)
            self._tokens = np.concatenate([self._tokens[: self._length], spare])
            rows = np.zeros((need, self._places.shape[1]), dtype=self._places.dtype)
            self._places = np.concatenate([self._places[: self._length], rows])
        self._tokens[self._length : need], self._places[self._length : need] = block.tokens, block.places
        self._length = need

    def outputs(self, block: TokenSequence, step: int) -> np.ndarray:
        """The read-outs of a block behind the sequence, (positions, width). Raises NoNumbers where they are infinite or NaN."""
        grown = self._held < self._length
        if self._log is not None:
            try:
                outputs = self._log.outputs(self.sequence[self._held :], block)
            except Unsuited as reason:
                self.why, self._log = f"from step {step} on: {reason}", None
                self._replay()
            else:
                self._held = self._length
                if grown:
                    self._passes.append((self._length, block))
                return outputs[-len(block) :]
        return self._dense(block, self._length, step)

    def _dense(self, block: TokenSequence, length: int, step: int) -> np.ndarray:
        active = join([self.sequence[self._held : length], block])
        outputs = self._transformer.outputs(active.tokens, active.places, self._cache)[-len(block) :]
        if self._cache is not None:
            self._cache.keep(len(active) - len(block))
            self._held = length
        if not np.isfinite(outputs).all():
            raise NoNumbers(f"the outputs are not numbers (infinity or NaN) at step {step}")
        return outputs

    def _replay(self) -> None:
        """Cache what dense passes would have cached."""
        self._held = 0
        for step, (length, block) in enumerate(self._passes, 1):
            self._dense(block, length, step)
        self._passes.clear()


def masked_diffusion(
    program: Program,
    transformer: Transformer,
    extension: str,
    *,
    order: Callable[[np.ndarray], np.ndarray] | None = None,
    cached: bool = True,
    context_steps: int | None = None,
    attention: str = "indexed",
    prompted: bool = True,
) -> Iterator[State]:
    """Decode a program's log, one PRAM step after the other, without end; the caller stops when all processors have.

    Every pass unmasks the masked positions whose confidence reaches ``THRESHOLD`` (the standard sampler), or those that
    ``order`` picks from their positions (one at a time, in any order: the same machine, in more passes). With
    ``context_steps`` the context holds the masks of all times up to it from the start; else a block of masks is added when
    it is due, which is the same, as masks of later times lose every match. Without ``cached`` every pass is the full
    forward pass over the sequence. Not ``prompted``: the transformer is specialised to the program, which the prompt lacks.
    """
    layout = LogLayout.of(program, extension, prompted)
    assert isinstance(layout, LogLayout)
    state = machine.initial(program)
    context = Context(transformer, layout.opening(program), cached, attention)
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
        yield State(time, passes, state, context.sequence, context.why)


def masked_arm(
    program: Program,
    transformer: Transformer,
    extension: str,
    *,
    ranks: Callable[[int, int], np.ndarray] | None = None,
    on_pass: Callable[[int, int], None] = lambda done, of: None,
) -> Iterator[State]:
    """Decode a program's log left to right, one token a pass: every pass fills the leftmost mask with the next event.

    ``transformer``: of ``model.compile.compile_masked_arm``. The events of a step's block are those that one-at-a-time masked
    diffusion unmasks, in its order: of the masked positions from ``first`` up to ``end`` that of the least rank, of those that
    ``ranks(first, end)`` gives (default: the leftmost). A block of masks is added when it is due. Every pass is a full one;
    ``on_pass`` is given after each how many a step has made, and how many it takes.
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
            on_pass(slot + 1 - first, len(block))
            if not np.isfinite(outputs).all():
                raise NoNumbers(f"the outputs are not numbers (infinity or NaN) at step {time}")
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


class InPlace:
    """The passes over the cells: indexed (``model.indexed.cells``), or dense, with or without a cache of the prompt.

    ``outputs`` and ``control`` are those of the last pass, ``tokens`` what it predicts. ``why`` says why passes that were to be
    indexed are dense.
    """

    def __init__(
        self, transformer: Transformer, layout: CellLayout, opening: TokenSequence, cached: bool, attention: str
    ) -> None:
        start = layout.prompt_length if cached else 0
        self.context, self.layout = Context(transformer, opening[:start], cached), layout
        self.first, self.why = opening[start:], ""
        self._cells: Passes | None = None
        if attention == "indexed" and cached:
            try:
                weights = plain(transformer)
                column = 1 + list(layout.codebook.bits).index("index")
                self._cells = Passes(weights, opening[:start], self.first, self.first.places[:, column])
            except Unsuited as reason:
                self.why = str(reason)
        self.tokens: np.ndarray = np.zeros(0, dtype=layout.vocabulary.dtype)
        self.control = np.zeros((0, 3), dtype=bool)

    def take(self, active: TokenSequence, step: int) -> None:
        """Make pass number ``step``, from 1 on. Raises NoNumbers."""
        if self._cells is not None:
            try:
                every = np.arange(len(active))
                rows = every if step == 1 else self._cells.step(active.tokens)
                self._read(rows, self._cells.outputs, step)
                return
            except Unsuited as reason:
                self.why, self._cells = f"from step {step} on: {reason}", None
                self.context.outputs(self.first, 1)  # what the dense passes would have cached of the prompt
        outputs = self.context.outputs(active, step)
        self._read(np.arange(len(outputs)), outputs, 1)

    def _read(self, rows: np.ndarray, outputs: np.ndarray, step: int) -> None:
        some = outputs[rows]
        tokens, control = predictions(some, self.layout), split(self.layout.vocabulary.width, some)[1] > 0.5
        if step == 1:
            self.tokens, self.control = tokens, control
        else:
            self.tokens[rows], self.control[rows] = tokens, control


def plain(transformer: object) -> Weights:
    """The weights of a transformer. Raises Unsuited for what only stands for one, or is not in the CPU's memory."""
    if not isinstance(transformer, Transformer) or str(transformer.out.weight.device) != "cpu":
        raise Unsuited("expected a transformer in the CPU's memory")
    return Weights(
        transformer.arrays(),
        transformer.shape,
        transformer.vocabulary,
        transformer.places,
        transformer.dtype_name,
        transformer.product,
    )


def any_process(
    program: Program,
    transformer: Transformer,
    extension: str,
    *,
    cached: bool = True,
    attention: str = "indexed",
    prompted: bool = True,
) -> Iterator[State]:
    """Decode a program in place, one PRAM step a pass: ``x <- g(x, y, c)``; ends at a fixed point.

    ``attention``: "indexed" for passes at the cost of what changes, with the same numbers, where that can be shown; "dense" for
    passes of the torch module. Without ``cached`` every pass is dense and decodes the prompt too. ``prompted``: as in
    ``masked_diffusion``.
    """
    layout = CellLayout.of(program, extension, prompted)
    assert isinstance(layout, CellLayout)
    opening, mask = layout.opening(program), layout.vocabulary.token("mask")
    passes = InPlace(transformer, layout, opening, cached, attention)
    prompt, active, read = passes.context.sequence.tokens, passes.first, Configurations(layout, opening)
    for step in count(1):
        passes.take(active, step)
        after = g(active.tokens, passes.tokens, passes.control, mask)
        if np.array_equal(after, active.tokens):
            return
        if len(after) != len(active):
            raise DecodingError(f"step {step}: expected {len(active)} tokens, found {len(after)}: insertions or deletions")
        changed = np.flatnonzero(after != active.tokens) + (len(prompt) - layout.prompt_length)
        active = TokenSequence(after, active.places)
        sequence = TokenSequence(np.concatenate([prompt, after]), opening.places)
        yield State(step, step, read.update(sequence.tokens, changed[changed >= 0]), sequence, passes.why)


def run(
    program: Program,
    engine: str,
    transformer: Transformer,
    extension: str = "",
    max_steps: int = 10_000,
    observe: Observer | None = None,
    history: list[Configuration] | None = None,
    attention: str = "indexed",
    prompted: bool = True,
    on_pass: Callable[[int, int], None] = lambda done, of: None,
) -> Run:
    """Run a program in the transformer, as ``model.runs.followed`` says: to its end, or to what ends it before.

    ``on_pass``: of a Masked-ARM, as for ``masked_arm``.
    ``attention``: "indexed" for passes at the cost of what changes, where they are shown to be those of the module, bit for
    bit; else, for "dense", and of a Masked-ARM, those of the module. Not ``prompted``: the transformer is specialised to the
    program's instructions, which the prompt lacks. Raises ValueError for an unknown engine or attention or a
    program that the machine does not take, DecodingError for weights that do not decode.
    """
    if engine not in (*ENGINES, MASKED_ARM):
        raise ValueError(f"engine: expected mdm, apmdm or {MASKED_ARM}, found {engine!r}")
    if attention not in ATTENTION:
        raise ValueError(f"attention: expected dense or indexed, found {attention!r}")
    machine.validate(program, extension)
    layout = (CellLayout if engine == "apmdm" else LogLayout).of(program, extension, prompted)
    if engine == MASKED_ARM:
        attention, states = "dense", masked_arm(program, transformer, extension, on_pass=on_pass)
    else:
        decode = masked_diffusion if engine == "mdm" else any_process
        states = decode(program, transformer, extension, attention=attention, prompted=prompted)
    return followed(program, engine, layout, states, transformer.summary(), max_steps, observe, history, attention)
