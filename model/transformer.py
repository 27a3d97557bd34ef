"""The torch transformer: embedding, softmax attention, ReLU feed-forward, residual connections, read-out. Nothing else.

It takes token ids and places (position rows) and nothing else. Weights come from a layer plan, or from a file. Softmax at scale
128 (float32) or 1024 (float64) is average-hard attention here: scores are integers, so a loser's weight underflows to 0
(``model.ranges`` says for which word widths the rest is exact too, and the family numerics which assumptions about PyTorch that
takes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from efasp.codebook import Codebook
from efasp.exact import Matrix
from efasp.model.plan import Layer as LayerPlan
from efasp.model.plan import Plan, TransformerShape, parameters
from efasp.model.ranges import SCALE, dtype_for
from efasp.model.threads import one_thread
from efasp.sorts import Number

DTYPES = {"float32": torch.float32, "float64": torch.float64}
SMALL = 1 << 17  # products of so few multiplications numpy computes in one thread by itself
TERM = 64  # multiplications of a dense product that take as long as a term of a sparse one


class Cache:
    """Keys and values of positions whose own no longer change; one pair of growing buffers a layer."""

    def __init__(self) -> None:
        self.length = 0
        self._buffers: dict[int, tuple[Tensor, Tensor]] = {}

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """All cached keys and values followed by the given ones, each (heads, positions, d_head)."""
        need = self.length + k.shape[1]
        old = self._buffers.get(layer)
        if old is None or old[0].shape[1] < need:
            fresh = tuple(t.new_zeros((t.shape[0], 2 * need, t.shape[2])) for t in (k, v))
            if old is not None:
                for new, previous in zip(fresh, old, strict=True):
                    new[:, : self.length] = previous[:, : self.length]
            self._buffers[layer] = old = (fresh[0], fresh[1])
        for buffer, t in zip(old, (k, v), strict=True):
            buffer[:, self.length : need] = t
        return old[0][:, :need], old[1][:, :need]

    def keep(self, positions: int) -> None:
        """Make the first of the positions last given part of the cache, in every layer."""
        self.length += positions


def softmax_attention(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    """Softmax attention, (heads, positions, d_head) each: the mean of v under weights exp(scale * score).

    The queries are scaled here, by a power of two and so exactly: some kernels scale both sides by the scale's square root.
    """
    return scaled_dot_product_attention((q * scale)[None], k[None], v[None], scale=1.0)[0]


def tensor(x: np.ndarray, dtype: str) -> Tensor:
    """An array as the transformer has it in a dtype."""
    return torch.from_numpy(x).to(DTYPES[dtype])


def attended(q: np.ndarray, k: np.ndarray, v: np.ndarray, dtype: str) -> np.ndarray:
    """``softmax_attention`` of one head, (positions, d) each, as the transformer computes it in a dtype."""
    head = (tensor(x, dtype)[None] for x in (q, k, v))
    return softmax_attention(next(head), next(head), next(head), float(SCALE[dtype]))[0].numpy()


class Product:
    """Products ``a @ matrix`` with one matrix (inputs, outputs), in one thread: they are too small for several, which would
    spend more on waiting.

    Terms whose weight is 0 are left out where that takes less, as is the same where numbers are finite and sums exact.
    """

    def __init__(self, matrix: np.ndarray) -> None:
        self._matrix = matrix

    def __call__(self, a: np.ndarray) -> np.ndarray:
        """Rows (any, inputs) to (any, outputs)."""
        work = len(a) * self._matrix.size
        if work <= SMALL:
            with np.errstate(over="ignore", invalid="ignore"):  # numbers that are not finite are refused where they are read
                out: np.ndarray = a @ self._matrix
            return out
        sparse, terms = self._sparse
        with one_thread():
            by = sparse if work > TERM * terms else torch.from_numpy(self._matrix.T)
            return torch.mm(by, torch.from_numpy(a.T)).numpy().T

    @cached_property
    def _sparse(self) -> tuple[Tensor, int]:
        """The transposed matrix as its numbers that are not 0, and how many these are."""
        turned = self._matrix.T
        at = np.nonzero(turned != 0)  # much faster of marks than of numbers
        terms = torch.from_numpy(np.stack(at)), torch.from_numpy(turned[at])
        return torch.sparse_coo_tensor(*terms, turned.shape, check_invariants=False, is_coalesced=True), len(at[0])


class Caches(Cache):
    """The caches of some sequences, all of one length, for a batch of these: the keys and values of one after the other's."""

    def __init__(self, caches: Sequence[Cache]) -> None:
        super().__init__()
        self._caches = caches

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """As of each cache, (batch * heads, positions, d_head)."""
        rows = zip(self._caches, k.chunk(len(self._caches)), v.chunk(len(self._caches)), strict=True)
        keys, values = zip(*(cache.extend(layer, *row) for cache, *row in rows), strict=True)
        return torch.cat(keys), torch.cat(values)


class Embedding(nn.Module):
    """Factored embedding of codebook rows (kind, payloads): a vector a kind, and one a payload bit or number."""

    kinds: Tensor
    carries: Tensor
    source: Tensor
    shift: Tensor
    places: Tensor
    signed: Tensor
    squared: Tensor

    def __init__(self, codebook: Codebook, width: int) -> None:
        super().__init__()
        self.codebook = codebook
        self.weight = nn.Parameter(torch.zeros(codebook.width, width), requires_grad=False)
        # Constants of the codebook: the part of the code that a kind decides, and of every number after it the column of rows
        # that it encodes, the shift, the place of its bit, how it is encoded, and which kinds carry it.
        names, size = [name for name, _ in codebook.payloads], len(codebook.kinds)
        numbers = [
            (field, place)
            for field in codebook.fields
            for place in range(codebook.bits[field.payload] if field.encode == "signs" else 1)
        ]
        carries = [[field.payload in kind.payloads for field, _ in numbers] for kind in codebook.kinds]
        constants = {
            "source": [1 + names.index(field.payload) for field, _ in numbers],
            "shift": [field.shift for field, _ in numbers],
            "places": [place for _, place in numbers],
        }
        for name, values in constants.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.int64), persistent=False)
        for name, encode in (("signed", "signs"), ("squared", "square")):
            chosen = torch.tensor([field.encode == encode for field, _ in numbers], dtype=torch.bool)
            self.register_buffer(name, chosen, persistent=False)
        self.register_buffer("kinds", torch.cat([torch.eye(size), torch.ones(size, 1)], dim=1), persistent=False)
        self.register_buffer("carries", torch.tensor(carries, dtype=torch.bool).reshape(size, -1), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        """(..., positions, 1 + payloads) integers to (..., positions, d_model)."""
        return (self.codes(rows.flatten(0, -2)) @ self.weight).view(*rows.shape[:-1], -1)

    def codes(self, rows: Tensor) -> Tensor:
        """The codes of rows (positions, 1 + payloads), see ``Codebook.codes``, in the module's dtype."""
        kinds = rows[:, 0]
        value = rows[:, self.source] + self.shift
        signs = 2 * (value >> self.places & 1) - 1
        numbers = torch.where(self.signed, signs, torch.where(self.squared, value * value, value))
        return torch.cat([self.kinds[kinds], (numbers * self.carries[kinds]).to(self.weight)], dim=1)


class Layer(nn.Module):
    """Multi-head attention, then ``down relu(up h + bias)``, each added to the residual stream."""

    def __init__(self, width: int, heads: int, d_head: int, d_ff: int, scale: float) -> None:
        super().__init__()
        self.heads, self.d_head, self.d_ff, self.scale = heads, d_head, d_ff, scale
        if heads:
            self.q, self.k, self.v = (nn.Linear(width, heads * d_head, bias=False) for _ in range(3))
            self.o = nn.Linear(heads * d_head, width, bias=False)
        if d_ff:
            self.up, self.down = nn.Linear(width, d_ff), nn.Linear(d_ff, width, bias=False)

    def forward(self, h: Tensor, number: int, cache: Cache | None) -> Tensor:
        """(..., positions, d_model) to the same shape; attends to the cached and the given positions of its own sequence."""
        if self.heads:
            h = h + self.o(self.attend(h, number, cache))
        if self.d_ff:
            h = h + self.down(torch.relu(self.up(h)))
        return h

    def split(self, side: Tensor) -> Tensor:
        """Queries, keys or values of all heads, (..., positions, heads * d_head), head by head, those of one sequence of a
        batch after those of another: (batch * heads, positions, d_head)."""
        return side.view(*side.shape[:-1], self.heads, self.d_head).transpose(-3, -2).flatten(0, -3)

    def attend(self, h: Tensor, number: int, cache: Cache | None) -> Tensor:
        """Outputs of all heads, side by side: (..., positions, heads * d_head)."""
        q, k, v = (self.split(f(h)) for f in (self.q, self.k, self.v))
        if cache is not None:
            k, v = cache.extend(number, k, v)
        apart = *h.shape[:-2], self.heads, *q.shape[1:]
        return softmax_attention(q, k, v, self.scale).reshape(apart).transpose(-3, -2).flatten(-2)


class Transformer(nn.Module):
    """An encoder transformer over token ids and places."""

    offsets: Tensor
    carries: Tensor

    def __init__(self, vocabulary: Codebook, places: Codebook, shape: TransformerShape[int], dtype: str = "float32") -> None:
        super().__init__()
        width = shape["d_model"]
        self.shape, self.dtype_name, self.vocabulary, self.places = shape, dtype, vocabulary, places
        self.token, self.place = Embedding(vocabulary, width), Embedding(places, width)
        self.layers = nn.ModuleList(
            Layer(width, row["heads"], row["d_head"], row["d_ff"], float(SCALE[dtype])) for row in shape["layers"]
        )
        self.out = nn.Linear(width, shape["d_out"])
        # Which id begins each kind, and which kinds carry each payload: constants of the vocabulary, not weights.
        carries = [[name in kind.payloads for kind in vocabulary.kinds] for name, _ in vocabulary.payloads]
        self.register_buffer("offsets", torch.tensor(vocabulary.offsets), persistent=False)
        table = torch.tensor(carries, dtype=torch.int64).reshape(len(carries), len(vocabulary.kinds))
        self.register_buffer("carries", table, persistent=False)
        self.to(DTYPES[dtype]).requires_grad_(False).eval()
        for weight in self.parameters():
            weight.zero_()

    @classmethod
    def of(cls, plan: Plan, dtype: str | None = None) -> Transformer:
        """The transformer of a plan, in the narrowest exact dtype or the given one.

        Raises RangeError where no dtype is exact, ValueError where a weight is not a number of the dtype.
        """
        module = cls(plan.vocabulary, plan.places, plan.shape, dtype or dtype_for(plan))
        for tensor, matrix in ((module.token.weight, plan.token), (module.place.weight, plan.place)):
            _fill(tensor.T, matrix, module.dtype_name)
        for block, layer in zip(module.layers, plan.layers, strict=True):
            assert isinstance(block, Layer)
            _load(block, layer, module.dtype_name)
        _fill(module.out.weight, plan.out, module.dtype_name)
        module.out.bias.copy_(_numbers(plan.out_bias, module.dtype_name))
        return module

    def rows(self, tokens: Tensor) -> Tensor:
        """Token ids (..., positions) as codebook rows (kind, payloads); see ``Codebook.rows``."""
        kinds = torch.bucketize(tokens, self.offsets[1:], right=True)
        values = tokens - self.offsets[kinds]
        return torch.stack([kinds, *(values * carries[kinds] for carries in self.carries)], dim=-1)

    def forward(self, tokens: Tensor, places: Tensor, cache: Cache | None = None) -> Tensor:
        """Read-outs (positions, d_out) for token ids (positions,) and place rows (positions, 1 + payloads); of a batch all with
        one dimension more, (batch, positions, ...). A sequence of a batch is read as it is by itself."""
        h = self.token(self.rows(tokens)) + self.place(places)
        for number, layer in enumerate(self.layers):
            h = layer(h, number, cache)
        return self.out(h)  # type: ignore[no-any-return]

    @torch.inference_mode()
    def outputs(self, tokens: np.ndarray, places: np.ndarray, cache: Cache | None = None) -> np.ndarray:
        """``forward`` on token ids, as numpy arrays."""
        ids, rows = (torch.from_numpy(np.asarray(x, dtype=np.int64)).to(self.out.weight.device) for x in (tokens, places))
        read: np.ndarray = self(ids, rows, cache).cpu().numpy()
        return read

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights by name, in the module's dtype; views of them where they are in the CPU's memory."""
        return {name: tensor.cpu().numpy() for name, tensor in self.state_dict().items()}

    @staticmethod
    def product(matrix: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Products with a matrix, see ``Product``."""
        return Product(matrix)

    def states(self, tokens: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
        """The residual stream after the embedding and every sublayer, and the read-out; see ``Plan.states``.

        The pass is that of ``outputs``, observed by hooks.
        """
        seen: list[Tensor] = []

        def entering(_: nn.Module, given: tuple[Any, ...]) -> None:
            seen.append(given[0])

        def left(layer: nn.Module, _: tuple[Any, ...], h: Tensor) -> None:
            seen.extend([h] if layer.d_ff else [h, h])

        hooks = [self.layers[0].register_forward_pre_hook(entering)]
        for layer in self.layers:
            assert isinstance(layer, Layer)
            hooks += [layer.up.register_forward_pre_hook(entering)] if layer.d_ff else []
            hooks.append(layer.register_forward_hook(left))
        try:
            out = self.outputs(tokens, places)
        finally:
            for hook in hooks:
                hook.remove()
        return [*(h.cpu().numpy() for h in seen), out]

    @contextmanager
    def watched(self) -> Iterator[list[np.ndarray]]:
        """A list to which every pass inside adds its read-out, (positions, d_out), as it comes."""
        seen: list[np.ndarray] = []
        hook = self.register_forward_hook(lambda module, given, out: seen.append(out.cpu().numpy()))
        try:
            yield seen
        finally:
            hook.remove()

    @torch.inference_mode()
    def attention(self, number: int, h: np.ndarray, chosen: Sequence[int]) -> np.ndarray:
        """The softmax weights of layer ``number``'s heads on a stream (positions, d_model): (heads, chosen, positions).

        The scores are a matrix product in the module's dtype; the fused kernel that runs keeps none.
        """
        layer, stream = self.layers[number], torch.from_numpy(h).to(self.out.weight)
        assert isinstance(layer, Layer)
        q, k = layer.split(layer.q(stream))[:, list(chosen)], layer.split(layer.k(stream))
        return torch.softmax((q * layer.scale) @ k.transpose(1, 2), dim=2).cpu().numpy()

    def summary(self) -> dict[str, Any]:
        """The transformer's entry of `efasp run --json`."""
        rows = self.shape["layers"]
        return {
            "layers": len(rows),
            "d_model": self.shape["d_model"],
            "heads": max((row["heads"] for row in rows), default=0),
            "d_ff": max((row["d_ff"] for row in rows), default=0),
            "parameters": parameters(self.shape, self.vocabulary, self.places),
            "dtype": self.dtype_name,
            "device": str(self.out.weight.device),
        }


def _fill(tensor: Tensor, matrix: Matrix, dtype: str, row: int = 0, column: int = 0) -> None:
    """Copy a sparse exact matrix into a zero tensor, from the given corner on."""
    entries = [(i, j, value) for i, line in enumerate(matrix.rows) for j, value in line]
    rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
    places = torch.tensor(rows, dtype=torch.int64) + row, torch.tensor(columns, dtype=torch.int64) + column
    tensor[places] = _numbers(values, dtype)


def _numbers(values: Sequence[Number], dtype: str) -> Tensor:
    """Exact numbers in a dtype, (n,). Raises ValueError for one that is not a number of it."""
    out = torch.tensor([_double(value) for value in values], dtype=torch.float64).to(DTYPES[dtype])
    for value, got in zip(values, out.tolist(), strict=True):
        if value != got:
            raise ValueError(f"weights: expected numbers that {dtype} holds exactly, found {value}")
    return out


def _double(value: Number) -> float:
    """The nearest float64, which holds every number of either dtype."""
    try:
        return float(value)
    except OverflowError:
        return inf


def _load(block: Layer, layer: LayerPlan, dtype: str) -> None:
    for number, head in enumerate(layer.heads):
        start = number * block.d_head
        for module, matrix in ((block.q, head.q), (block.k, head.k), (block.v, head.v)):
            _fill(module.weight, matrix, dtype, row=start)
        _fill(block.o.weight, head.o, dtype, column=start)
    if layer.bias:
        _fill(block.up.weight, layer.up, dtype)
        _fill(block.down.weight, layer.down, dtype)
        block.up.bias.copy_(_numbers(layer.bias, dtype))
