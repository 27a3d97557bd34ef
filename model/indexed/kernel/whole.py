"""A whole pass in one call of compiled code, which finds the arrays of all layers by their addresses.

To hand numba an array costs as much as many sums; a pass has some hundreds of them. So each has a row of a table: its address
and its shape. Whoever makes the table (``addresses``) must hold the arrays as long as it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from efasp.model.indexed.kernel.block import BlockArrays, block
from efasp.model.indexed.kernel.forms import (
    BATCH,
    CarryArrays,
    FormArrays,
    Members,
    Side,
    Sparse,
    chosen,
    columns,
    compute_groups,
    concerned,
    of_positions,
    spread,
    store,
)
from efasp.model.indexed.kernel.heads import HeadArrays, Who, attend
from efasp.model.indexed.kernel.jit import COMPILES, jit
from efasp.model.indexed.kernel.table import Table

if COMPILES:
    from numba import carray, types
    from numba.core import cgutils
    from numba.extending import intrinsic

    @intrinsic  # type: ignore[untyped-decorator,unused-ignore]
    def pointer(typing: Any, address: Any) -> Any:
        """An address as a pointer."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], cgutils.voidptr_t)

        return types.voidptr(address), generate


def leaves(tree: tuple[Any, ...]) -> Iterator[np.ndarray]:
    """The arrays of nested tuples, in order."""
    for part in tree:
        if isinstance(part, tuple):
            yield from leaves(part)
        else:
            yield part


def addresses(tree: tuple[Any, ...]) -> np.ndarray:
    """The address and the shape of every array of nested tuples, (arrays, 4). Raises ValueError for an array that is not
    contiguous."""
    found = list(leaves(tree))
    if not all(array.flags.c_contiguous for array in found):
        raise ValueError("expected contiguous arrays")
    rows = [[array.ctypes.data, *array.shape, *[1] * (3 - array.ndim)] for array in found]
    return np.array(rows, dtype=np.int64)


@jit
def one(l: Any, k: Any, dtype: Any) -> Any:  # noqa: E741
    """The array of one dimension that row ``k`` of the table ``l`` describes."""
    return carray(pointer(l[k, 0]), (l[k, 1],), dtype)


@jit
def two(l: Any, k: Any, dtype: Any) -> Any:  # noqa: E741
    """The array of two dimensions that row ``k`` of the table ``l`` describes."""
    return carray(pointer(l[k, 0]), (l[k, 1], l[k, 2]), dtype)


@jit
def three(l: Any, k: Any, dtype: Any) -> Any:  # noqa: E741
    """The array of three dimensions that row ``k`` of the table ``l`` describes."""
    return carray(pointer(l[k, 0]), (l[k, 1], l[k, 2], l[k, 3]), dtype)


@jit
def sparse_at(l: Any, k: Any, f: Any) -> Any:  # noqa: E741
    """The ``Sparse`` whose 3 arrays the table ``l`` describes from row ``k`` on; ``f``: an array of the dtype."""
    return Sparse(one(l, k, np.int64), one(l, k + 1, np.int64), one(l, k + 2, f.dtype))


@jit
def forms_at(l: Any, k: Any, f: Any) -> Any:  # noqa: E741
    """The ``FormArrays`` whose 13 arrays the table ``l`` describes from row ``k`` on; ``f``: an array of the dtype."""
    return FormArrays(
        sparse_at(l, k, f), sparse_at(l, k + 3, f), two(l, k + 6, f.dtype), one(l, k + 7, f.dtype), two(l, k + 8, f.dtype),
        one(l, k + 9, np.int64), one(l, k + 10, np.int64), one(l, k + 11, np.int64), one(l, k + 12, np.int64),
    )  # fmt: skip


@jit
def side_at(l: Any, k: Any, f: Any) -> Any:  # noqa: E741
    """The ``Side`` whose 6 arrays the table ``l`` describes from row ``k`` on; ``f``: an array of the dtype."""
    return Side(
        two(l, k, f.dtype), two(l, k + 1, f.dtype), one(l, k + 2, np.int64), two(l, k + 3, np.float64),
        one(l, k + 4, np.float64), one(l, k + 5, np.bool_),
    )  # fmt: skip


@jit
def carry_at(l: Any, k: Any, f: Any) -> Any:  # noqa: E741
    """The ``CarryArrays`` whose 6 arrays the table ``l`` describes from row ``k`` on; ``f``: an array of the dtype."""
    return CarryArrays(
        one(l, k, np.int64), one(l, k + 1, np.int64), one(l, k + 2, np.int64), two(l, k + 3, f.dtype), one(l, k + 4, np.int64),
        one(l, k + 5, np.bool_),
    )  # fmt: skip


@jit
def members_at(l: Any, k: Any) -> Any:  # noqa: E741
    """The ``Members`` whose 2 arrays the table ``l`` describes from row ``k`` on."""
    return Members(one(l, k, np.int64), one(l, k + 1, np.int64))


@jit
def who_at(l: Any, k: Any, f: Any) -> Any:  # noqa: E741
    """The ``Who`` whose 7 arrays the table ``l`` describes from row ``k`` on; ``f``: an array of the dtype."""
    group, lead, position = two(l, k + 1, np.int64), two(l, k + 2, np.float64), two(l, k + 3, np.int64)
    return Who(one(l, k, np.int64), group, lead, position, sparse_at(l, k + 4, f))


@jit
def table_at(l: Any, k: Any, f: Any) -> Any:  # noqa: E741
    """The ``Table`` whose 27 arrays the table ``l`` describes from row ``k`` on; ``f``: an array of the dtype."""
    return Table(
        two(l, k, np.bool_), two(l, k + 1, np.bool_), two(l, k + 2, f.dtype), two(l, k + 3, f.dtype), two(l, k + 4, f.dtype),
        two(l, k + 5, f.dtype), one(l, k + 6, np.float64), one(l, k + 7, np.float64), one(l, k + 8, np.int64),
        one(l, k + 9, np.int64), three(l, k + 10, np.float64), two(l, k + 11, np.float64), two(l, k + 12, np.bool_),
        one(l, k + 13, np.bool_), one(l, k + 14, np.int64), two(l, k + 15, np.int8), one(l, k + 16, np.int64),
        one(l, k + 17, np.int64), one(l, k + 18, np.int64), one(l, k + 19, np.float64), one(l, k + 20, np.bool_),
        one(l, k + 21, np.bool_), one(l, k + 22, np.int64), two(l, k + 23, np.int64), two(l, k + 24, np.float64),
        two(l, k + 25, np.int64), two(l, k + 26, np.int64),
    )  # fmt: skip


@jit
def heads_at(l: Any, k: Any, f: Any) -> Any:  # noqa: E741
    """The ``HeadArrays`` whose 100 arrays the table ``l`` describes from row ``k`` on; ``f``: an array of the dtype."""
    return HeadArrays(
        forms_at(l, k, f), forms_at(l, k + 13, f), table_at(l, k + 26, f), one(l, k + 53, np.int64), one(l, k + 54, np.int64),
        three(l, k + 55, f.dtype), two(l, k + 56, f.dtype), one(l, k + 57, np.int64), three(l, k + 58, np.float64),
        who_at(l, k + 59, f), who_at(l, k + 66, f), sparse_at(l, k + 73, f), sparse_at(l, k + 76, f), carry_at(l, k + 79, f),
        members_at(l, k + 85), side_at(l, k + 87, f), side_at(l, k + 93, f), one(l, k + 99, np.bool_),
    )  # fmt: skip


@jit
def block_at(l: Any, k: Any, f: Any) -> Any:  # noqa: E741
    """The ``BlockArrays`` whose 77 arrays the table ``l`` describes from row ``k`` on; ``f``: an array of the dtype."""
    return BlockArrays(
        forms_at(l, k, f), forms_at(l, k + 13, f), forms_at(l, k + 26, f), sparse_at(l, k + 39, f), sparse_at(l, k + 42, f),
        sparse_at(l, k + 45, f), sparse_at(l, k + 48, f), sparse_at(l, k + 51, f), two(l, k + 54, f.dtype),
        two(l, k + 55, f.dtype), carry_at(l, k + 56, f), members_at(l, k + 62), side_at(l, k + 64, f), side_at(l, k + 70, f),
        one(l, k + 76, np.bool_),
    )  # fmt: skip


@jit
def through(l: Any, first: Any, kinds: Any, rows: Any, changes: Any, states: Any) -> Any:  # noqa: E741
    """All sublayers: of each where its arrays begin, and its kind (0: heads); ``states`` (sublayers, 3). Gives positions and
    changes behind the last."""
    f = changes[3]
    for number in range(len(first)):
        if kinds[number] == 0:
            rows, changes = attend(heads_at(l, first[number], f), rows, changes, states[number])
        else:
            rows, changes = block(block_at(l, first[number], f), rows, changes, states[number])
        if states[number, 0] != 0:
            break
    return rows, changes


@jit
def read(forms: Any, members: Any, rows: Any, changes: Any, shared: Any, own: Any, outputs: Any) -> Any:
    """The read-outs of what has changed; gives the positions where they differ."""
    compute_groups(forms, changes, shared)
    rows = spread(members, concerned(changes, forms), rows)
    found, differ = columns(len(forms.bias), rows, outputs), np.zeros(len(rows), np.bool_)
    for begin in range(0, len(rows), BATCH):
        some = rows[begin : begin + BATCH]
        of_positions(forms, own, some, found)
        for at in range(len(found)):
            store(outputs, at, some, found[at], differ[begin : begin + BATCH])
    return chosen(rows, differ)
