"""A left-to-right Masked-ARM for any encoder that decodes in an order of its own (claim T3); our formulation.

The encoder f sees its whole sequence, of S tokens at S places, some of them masks. In every pass it unmasks one position: of
the masked ones that of the largest confidence, among equals the one of the least rank (its number, so that ties go to the
left, or a given permutation). ``masked_arm`` makes of f's program another one over S *events*, pairs of a position of f and
the token that stands there: first the prompt's, then masks. Its i-th event is the one that f unmasks i-th, and it is
predicted at the leftmost mask: left to right, one token a pass, as many tokens as f has.

One attention sublayer in front rebuilds f's sequence. Position j is also position j of f: it matches its own number against
the positions that the events name, n bits that agree score n, others at most n - 2; a mask scores n - 1 for every query. So
an event that names j wins where there is one, and its token is read; else only masks win, and the mask's code is read, as
their mean. Where f has S - m tokens there are m masks, so that this needs no sink. Then come f's own layers, unchanged. One
sublayer behind looks up the next event: of the positions that are masked for f the one of the largest confidence and the
least rank; its number and its token are the prediction at every position, of which the leftmost mask is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import positions, tokens
from efasp.graphs import substitute
from efasp.operators import expect_int
from efasp.pointwise import gate, not_, signed, unsigned
from efasp.sorts import Flag, Int, Signs, SortError, Word
from efasp.syntax import Node, PositionEmbedding, Program, TokenEmbedding, aha, combine, concat, refine, take, walk, weigh

Event = tuple[int, int]  # a position of f, and the token that it holds
AT, RANK = "masked_arm_at", "masked_arm_rank"  # payloads of an event's position, and of a place's rank


@dataclass(frozen=True)
class Decoder:
    """An encoder that decodes masks: a program whose output is the code of a token at every position.

    ``confidence``: of the output, an integer at every position, 0 or more; by default 1 where a token other than the
    mask is predicted, and 0 elsewhere. ``mask``: the kind of the mask, which carries no payload.
    """

    program: Program
    vocabulary: Codebook
    places: Codebook
    mask: str = "mask"
    confidence: Callable[[Node], Node] | None = None

    def confidences(self) -> Node:
        """The confidence at every position. Raises SortError for one that is not an integer of 0 or more."""
        output = self.program.output
        if self.confidence is None:
            return not_(refine(output[self.vocabulary.slots[self.mask].start], Flag()))
        found = self.confidence(output)
        if expect_int("masked_arm: confidence", found)[0] < 0:
            raise SortError("masked_arm: confidence", "an integer of 0 or more", found.sort)
        return found


@dataclass(frozen=True)
class MaskedArm:
    """The Masked-ARM of a decoder, for up to 2^``bits`` positions. Token ids are of ``vocabulary``, places of ``places``."""

    decoder: Decoder
    bits: int

    @cached_property
    def vocabulary(self) -> Codebook:
        """The events: of every token of f but the mask and every position one, and the mask.

        The payload is the position, and above it the token's own payload.
        """
        book = self.decoder.vocabulary
        if wrong := [field.name for field in book.fields if field.encode != "signs" or field.shift]:
            raise SortError("masked_arm", "a vocabulary whose fields are the signs of payloads", wrong[0])
        kinds = [Kind(kind.name, () if kind.name == self.decoder.mask else (_event(kind),)) for kind in book.kinds]
        used = dict.fromkeys(name for kind in kinds for name in kind.payloads)
        sizes = {"": self.bits, **{name: self.bits + size for name, size in book.payloads}}
        payloads = tuple((name, sizes[name.removeprefix(AT)]) for name in used)
        return Codebook(f"{book.name}_event", tuple(kinds), payloads, tuple(Field(name, name) for name in used))

    @cached_property
    def places(self) -> Codebook:
        """f's places, each with its number and its rank."""
        book = self.decoder.places
        kinds = tuple(Kind(kind.name, (*kind.payloads, AT, RANK)) for kind in book.kinds)
        payloads = (*book.payloads, (AT, self.bits), (RANK, self.bits))
        return Codebook(f"{book.name}_ranked", kinds, payloads, (*book.fields, Field(AT, AT), Field(RANK, RANK, "number")))

    # Sequences.

    def event(self, event: Event) -> int:
        """An event as a token id. Raises ValueError for a mask, or a position that the bits do not hold."""
        kind, value = self.decoder.vocabulary.split(event[1])
        if kind == self.decoder.mask or not 0 <= event[0] < 1 << self.bits:
            raise ValueError(
                f"event: expected a token other than the mask at 0..{(1 << self.bits) - 1}, found {kind} at {event[0]}"
            )
        return self.vocabulary.token(kind, (value << self.bits) + event[0])

    def split(self, token: int) -> Event:
        """Inverse of ``event``. Raises ValueError for a token that is not an event."""
        kind, value = self.vocabulary.split(token)
        if kind == self.decoder.mask:
            raise ValueError("event: expected a token other than the mask, found the mask")
        return value % (1 << self.bits), self.decoder.vocabulary.token(kind, value >> self.bits)

    @property
    def mask(self) -> int:
        """The id of the mask token."""
        return self.vocabulary.token(self.decoder.mask)

    def opening(self, ids: Sequence[int]) -> list[int]:
        """The sequence at the start: the events of f's tokens that are not masked, by position, then masks."""
        mask = self.decoder.vocabulary.token(self.decoder.mask)
        given = [self.event((at, int(token))) for at, token in enumerate(ids) if token != mask]
        return given + [self.mask] * (len(ids) - len(given))

    def rows(self, rows: np.ndarray, ranks: Sequence[int] | None = None) -> np.ndarray:
        """Rows of f's places with their numbers and ranks (default: the numbers), (positions, 3 + payloads of f)."""
        numbers = np.arange(len(rows))
        return np.hstack([rows, numbers[:, None], np.asarray(numbers if ranks is None else ranks)[:, None]])

    # The program.

    @cached_property
    def program(self) -> Program:
        """The Masked-ARM's program: at every position the code of the next event. Raises SortError."""
        f, book = self.decoder, self.decoder.vocabulary
        te, pe, program = tokens(self.vocabulary), positions(self.places), Program(f"masked_arm({self.decoder.program.name})")
        n, own, fields = self.bits, pe.field(AT), [te.field(name) for name, _ in self.vocabulary.payloads]
        named = program.let("named", combine([(1, part[:n]) for part in fields], sort=Signs(n)))  # 0 at a mask
        key = concat(named, (n - 1) * te.flag(f.mask))
        token = program.let("token", aha(concat(own, pe.one), key, self._token(te.node), book.sort))
        into: dict[Node, Node] = {
            node: token if isinstance(node, TokenEmbedding) else take(pe.node, range(f.places.width), f.places.sort)
            for node in walk(f.program.output)
            if isinstance(node, (TokenEmbedding, PositionEmbedding))
        }
        confidence = substitute(f.confidences(), into)
        code = program.let("code", substitute(f.program.output, into))
        top, ranks = expect_int("masked_arm: confidence", confidence)[1], 1 << n
        masked = refine(token[book.slots[f.mask].start], Flag())
        terms = [(ranks, confidence), ((top + 1) * ranks, masked), (-1, pe.field(RANK))]
        level = program.let("level", combine(terms, sort=Int(-ranks, (2 * top + 2) * ranks)))
        following = program.let("following", aha(pe.one, level, concat(code, own), None))
        program.let("event", self._coded(following, pe.one))
        return program

    def _token(self, te: Node) -> Node:
        """The code of f's token in an event (or the mask's), from the event's code."""
        book, events = self.decoder.vocabulary, self.vocabulary.slots
        parts: list[Node] = [take(te, range(len(book.kinds) + 1))]
        for field in book.fields:
            above = events[AT + field.payload][self.bits :]
            parts.append(take(te, above, Signs(len(above))))
        return concat(*parts)

    def _coded(self, following: Node, one: Node) -> Node:
        """The code of an event, from the code of f's token and the number of its position (f's constant is not used)."""
        book, n = self.decoder.vocabulary, self.bits
        flags = [refine(following[at], Flag()) for at in range(len(book.kinds))]
        number = unsigned(take(following, range(book.width, book.width + n), Signs(n)), one)
        parts = [*flags, one]
        for name, _ in self.vocabulary.payloads:
            carrying = [flags[i] for i, kind in enumerate(self.vocabulary.kinds) if name in kind.payloads]
            carried = weigh(concat(*carrying), [1] * len(carrying), sort=Flag())
            parts.append(signed(gate(carried, refine(number, Word(n))), carried))
            for field in book.fields:
                if AT + field.payload == name:
                    slot = book.slots[field.name]
                    parts.append(take(following, slot, Signs(len(slot))))
        return concat(*parts)


def _event(kind: Kind) -> str:
    """The name of an event's payload, by the token's own payload."""
    if len(kind.payloads) > 1:
        raise SortError("masked_arm", "kinds of token with at most one payload", kind.name)
    return AT + "".join(kind.payloads)


def masked_arm(decoder: Decoder, bits: int) -> MaskedArm:
    """The left-to-right Masked-ARM of a decoder, for up to 2^bits positions.

    Raises ValueError for fewer than 2 bits, SortError for a vocabulary or a confidence that it does not take.
    """
    if bits < 2:
        raise ValueError(f"masked_arm: expected 2 bits or more, found {bits}")
    arm = MaskedArm(decoder, bits)
    _ = arm.program  # raises here
    return arm


# Decoding, by any reading of the programs: a function from token ids to read-outs (positions, width).

Readout = Callable[[np.ndarray], np.ndarray]


class OrderError(RuntimeError):
    """A pass in which nothing can be unmasked: the most confident prediction is the mask."""


def any_order(
    decoder: Decoder,
    ids: Sequence[int],
    readout: Readout,
    confidence: Callable[[np.ndarray], np.ndarray],
    ranks: Sequence[int] | None = None,
) -> Iterator[Event]:
    """Masked diffusion, one token a pass: the events, in the order in which they are unmasked.

    ``confidence``: of read-outs the confidences (positions,). Raises OrderError where the token predicted is the mask.
    """
    x, mask = np.array(ids), decoder.vocabulary.token(decoder.mask)
    order = np.arange(len(x)) if ranks is None else np.asarray(ranks)
    while (x == mask).any():
        outputs = readout(x)
        sure = confidence(outputs)
        at = min(np.flatnonzero(x == mask).tolist(), key=lambda i: (-sure[i], order[i]))
        x[at] = decoder.vocabulary.read(outputs)[at]
        if x[at] == mask:
            raise OrderError(f"position {at}: expected a token, found the mask predicted")
        yield at, int(x[at])


def left_to_right(arm: MaskedArm, ids: Sequence[int], readout: Readout) -> Iterator[Event]:
    """The Masked-ARM from f's sequence at the start: the events, one a pass, each at the leftmost mask. Raises OrderError."""
    z = np.array(arm.opening(ids))
    for at in np.flatnonzero(z == arm.mask).tolist():
        z[at] = arm.vocabulary.read(readout(z))[at]
        if z[at] == arm.mask:
            raise OrderError(f"event {at}: expected an event, found the mask predicted")
        yield arm.split(int(z[at]))
