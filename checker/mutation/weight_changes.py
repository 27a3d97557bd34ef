"""Single-weight changes of a weights file: mutants drawn at random over every tensor and every kind of change.

A change is made in the file's own bytes, and nothing but the numbers that it names differs from the file.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

KINDS = {
    "sign": "the sign flipped",
    "plus": "one unit more",
    "minus": "one unit less",
    "zero": "set to 0",
    "moved": "moved to a neighbouring column",
    "one": "a 0 made 1",
}
FORMATS = {"F32": "<f4", "F64": "<f8"}
Place = tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """A weight of ``tensor`` at ``place``, changed from ``old`` to ``new``; one that is moved is at ``beside`` then.

    A unit is 1 over the common denominator of the tensor's numbers.
    """

    tensor: str
    kind: str
    place: Place
    old: float
    new: float
    beside: Place | None = None

    @property
    def id(self) -> str:
        """Tensor, place, and the new value of the number there."""
        to = f"moved to {_at(self.beside)}" if self.beside is not None else f"becomes {self.new:g}"
        return f"{self.tensor}{_at(self.place)} = {self.old:g} {to}"

    def numbers(self) -> dict[Place, float]:
        """The numbers of the tensor that the change replaces, by place."""
        return {self.place: self.new} | ({self.beside: self.old} if self.beside is not None else {})


def _at(place: Place) -> str:
    return f"[{', '.join(map(str, place))}]"


class File:
    """The bytes of a weights file that is well formed (``model.readback.read_plan`` takes it)."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        (length,) = struct.unpack("<Q", self.data[:8])
        header = json.loads(self.data[8 : 8 + length])
        self.body = 8 + length
        self.about = {name: header[name] for name in sorted(header) if name != "__metadata__"}
        self.tensors = {name: self._tensor(name) for name in self.about}

    def _tensor(self, name: str) -> np.ndarray:
        about = self.about[name]
        first, last = about["data_offsets"]
        flat = np.frombuffer(self.data[self.body + first : self.body + last], FORMATS[about["dtype"]])
        return flat.reshape(about["shape"])

    def changed(self, change: Change) -> bytes:
        """The bytes of the weights file after a change."""
        data, about = bytearray(self.data), self.about[change.tensor]
        for place, number in change.numbers().items():
            packed = np.array(number, FORMATS[about["dtype"]]).tobytes()
            at = self.body + about["data_offsets"][0] + len(packed) * int(np.ravel_multi_index(place, about["shape"]))
            data[at : at + len(packed)] = packed
        return bytes(data)


def sample(tensors: Mapping[str, np.ndarray], count: int, seed: str) -> list[Change]:
    """Changes of a file: each tensor as often as any other (once at least, where ``count`` allows), each kind about as often.

    A kind that a tensor has no place for is left out there. None is drawn twice; there may be fewer than ``count``.
    """
    rng = Random(seed)
    orders = {name: rng.sample(sorted(KINDS), len(KINDS)) for name in sorted(tensors)}
    changes: dict[Change, None] = {}
    for turn in range(20 * count):
        for name, order in orders.items():
            if len(changes) == count:
                return list(changes)
            if (change := _drawn(name, tensors[name], order[turn % len(order)], rng)) is not None:
                changes[change] = None
    return list(changes)


def _drawn(name: str, tensor: np.ndarray, kind: str, rng: Random) -> Change | None:
    """A change of a kind, or None where the tensor has no place for it."""
    if kind == "moved":
        pairs = list(_movable(tensor))
        if not pairs:
            return None
        place, beside = rng.choice(pairs)
        return Change(name, kind, place, float(tensor[place]), 0.0, beside)
    places = np.argwhere(tensor == 0 if kind == "one" else tensor != 0).tolist()
    if not places:
        return None
    place = tuple(rng.choice(places))
    old, step = float(tensor[place]), unit(tensor)
    new = {"sign": -old, "plus": old + step, "minus": old - step, "zero": 0.0, "one": 1.0}[kind]
    return Change(name, kind, place, old, new)


def _movable(tensor: np.ndarray) -> Iterator[tuple[Place, Place]]:
    """Numbers that are not 0, each with a neighbouring place in its row that is."""
    for place in map(tuple, np.argwhere(tensor != 0).tolist()):
        for step in (-1, 1):
            beside = (*place[:-1], place[-1] + step)
            if 0 <= beside[-1] < tensor.shape[-1] and tensor[beside] == 0:
                yield place, beside


def unit(tensor: np.ndarray) -> float:
    """1 over the common denominator of a tensor's numbers (which are dyadic, or the smallest part of them that floats hold)."""
    step, numbers = 1.0, tensor.astype(float)
    while step > 2.0**-60 and (numbers / step != np.round(numbers / step)).any():
        step /= 2
    return step
