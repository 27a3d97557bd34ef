"""The weights of a transformer as numpy arrays, and what its embedding says of the coordinates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from efasp.codebook import Codebook
from efasp.model.plan import TransformerShape

Product = Callable[[np.ndarray], np.ndarray]  # by a matrix (inputs, outputs): of rows (any, inputs), to (any, outputs)
Factory = Callable[[np.ndarray], Product]  # of the products by a matrix


class Weights:
    """The arrays of a transformer by name (as in a weights file), its codebooks, and the dtype's name; ``product`` makes of a
    matrix the products with it.

    ``constants``: coordinates of the stream that are one number at every position, with it; ``flags``: those that are 0 but at
    one kind of token, with its number; both as far as no sublayer has written there (``written``). ``varying``: those that the
    token decides.
    """

    def __init__(
        self,
        arrays: dict[str, np.ndarray],
        shape: TransformerShape[int],
        vocabulary: Codebook,
        places: Codebook,
        dtype: str,
        product: Factory,
    ) -> None:
        self.arrays, self.rows, self.width, self.dtype = arrays, shape["layers"], shape["d_model"], dtype
        self.vocabulary, self.places, self.product = vocabulary, places, product
        self._ends = np.array(vocabulary.offsets[1:])  # of the ids of every kind
        token, place = arrays["token.weight"], arrays["place.weight"]
        self._token, self._place = product(token), product(place)
        ones = [book.slots["one"].start for book in (vocabulary, places)]
        self.one = token[ones[0]]
        rest, other = token.copy(), place.copy()
        rest[ones[0]], other[ones[1]] = 0, 0
        self.varying = (rest != 0).any(axis=0)
        given = self.one + place[ones[1]]
        plain = ~self.varying & ~(other != 0).any(axis=0) & (given != 0)
        self.constants = {int(c): float(given[c]) for c in np.flatnonzero(plain)}
        single = (rest != 0).sum(axis=0) == 1
        kind = (rest != 0).argmax(axis=0)
        flags = single & (kind < len(vocabulary.kinds)) & ~(place != 0).any(axis=0) & (self.one == 0)
        self.flags = {int(c): int(kind[c]) for c in np.flatnonzero(flags)}

    def written(self, coordinates: np.ndarray) -> None:
        """Go past a sublayer that writes these coordinates."""
        for at in np.flatnonzero(coordinates).tolist():
            self.constants.pop(at, None)
            self.flags.pop(at, None)

    def kinds(self, tokens: np.ndarray) -> np.ndarray:
        """The number of the kind of every token id."""
        found: np.ndarray = np.searchsorted(self._ends, tokens, side="right")
        return found

    def token(self, tokens: np.ndarray) -> np.ndarray:
        """What tokens add to the stream, (positions, d_model)."""
        book, kinds = self.vocabulary, self.kinds(tokens)
        values = tokens - np.array(book.offsets)[kinds]
        carries = np.array([[name in kind.payloads for name, _ in book.payloads] for kind in book.kinds])[kinds]
        rows = np.concatenate([kinds[:, None], values[:, None] * carries], axis=1)
        return self._token(self._codes(book, rows))

    def place(self, places: np.ndarray) -> np.ndarray:
        """What places add to the stream, (positions, d_model)."""
        return self._place(self._codes(self.places, places))

    def _codes(self, book: Codebook, rows: np.ndarray) -> np.ndarray:
        codes: np.ndarray = book.codes(rows).astype(self.arrays["out.bias"].dtype)
        return codes

    def heads(self, layer: int) -> tuple[np.ndarray, ...]:
        """Queries, keys and values of a layer, (heads * d_head, d_model) each, and what is made of the values, transposed."""
        return tuple(self.arrays[f"layers.{layer}.{name}.weight"] for name in "qkvo")

    def block(self, layer: int) -> tuple[np.ndarray, ...]:
        """The feed-forward block of a layer: (units, d_model), (units), (d_model, units)."""
        return tuple(self.arrays[f"layers.{layer}.{name}"] for name in ("up.weight", "up.bias", "down.weight"))
