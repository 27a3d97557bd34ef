"""Slips: for an expression of a source, the expressions that a slip could have written in its place.

Each operator takes a node of a syntax tree and gives others, which share its parts. Standard library only.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator, Sequence

PLACED = ("strict", "device", "persistent", "requires_grad")  # keyword arguments that change no result
# Names, attributes and strings that stand for things of one kind: one may be taken for another.
NAMES = (
    ("a", "x", "d", "b"), ("q", "k", "v"), ("query", "key"), ("time", "prev", "index"), ("before", "after"), ("rd", "ra"),
    ("stores", "writes"), ("halted", "load", "store", "pc"), ("pid", "address", "index"), ("load_fault", "store_fault"),
    ("zero", "zero_else"), ("taken", "stays", "onward"), ("incoming", "written"), ("low", "high"), ("best", "total"),
    ("masked", "target"), ("loads", "direct"), ("up", "down"), ("i", "j", "k"), ("passes", "steps"), ("row", "column"),
    ("add", "sub"), ("and_", "or_", "xor"), ("shift_left", "shift_right"), ("shift_left_by", "shift_right_by"),
    ("less", "equal"), ("signed", "unsigned"), ("min", "max"), ("log_places", "cell_places"), ("carries", "borrows"),
    ("all_", "any_"), ("base", "fresh", "block"), ("memory", "registers"), ("tokens", "places"), ("kinds", "bits"),
    ("x_word", "address", "a"), ("prefix", "columns"), ("operand", "a"), ("word", "reg"), ("token", "place"),
    ("outputs", "tokens"), ("need", "old"), ("start", "n"), ("downwards", "table"), ("size", "at"), ("first", "kind"),
    ("mask", "filler"),
)  # fmt: skip
ATTRIBUTES = (
    ("rd", "ra", "rb"), ("stores", "writes"), ("address", "result"), ("word", "kind"), ("memory", "registers"),
    ("start", "stop"), ("load", "store"), ("tokens", "places"), ("low", "high"), ("processors", "memory", "length"),
    ("prompt_length", "block_length"), ("found", "missed"), ("index", "token_word"), ("content", "token_word"),
    ("incomplete", "beaten"), ("holder", "target"), ("pc", "status"), ("q", "k", "v"), ("up", "down"), ("d_head", "d_ff"),
    ("token", "place"), ("logaddexp", "maximum"), ("sum", "max"), ("argmax", "argmin"), ("zeros", "ones"), ("any", "all"),
)  # fmt: skip
STRINGS = (
    ("counter", "target", "value"), ("memory", "register", "counter"), ("halted", "load", "store", "pc"), ("read", "write"),
    ("index_bits", "time_bits", "prev_bits"), ("index_bits", "register_bits", "slot_bits"), ("word_bits", "reg_bits"),
    ("none", "mask", "bos", "reg", "word"), ("op", "rd", "ra", "x"), ("ld", "st"), ("jz", "jnz", "jmp"), ("pid", "nproc"),
    ("mov", "nproc"), ("add", "sub"), ("and", "or", "xor"), ("shl", "shr"), ("slt", "seq"), ("shlx", "shrx"),
    ("index", "time"), ("index", "register", "slot"), ("signs", "number", "square"), ("agree", "among", "exclude"),
    ("absent", "sink", "one"), ("running", "halted"), ("heads", "d_head", "d_ff"), ("up", "down"), ("token", "place"),
    ("float32", "float64"), ("F32", "F64"), ("mdm", "apmdm"), ("priority", "common"), ("erew", "crew"),
)  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.Mod: ast.FloorDiv, ast.FloorDiv: ast.Mod,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


def _like(node: ast.AST, **changes: object) -> ast.expr:
    made = copy.copy(node)
    for name, value in changes.items():
        setattr(made, name, value)
    return made  # type: ignore[return-value]


def _without(items: Sequence[ast.AST], at: int) -> list[ast.AST]:
    return [item for i, item in enumerate(items) if i != at]


def _exchanged(items: Sequence[ast.AST], at: int) -> list[ast.AST]:
    return [*items[:at], items[at + 1], items[at], *items[at + 2 :]]


def called(node: ast.Call) -> str:
    """The name of the function that a call names, without what it is an attribute of; "" for another expression."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def swap(node: ast.expr) -> Iterator[ast.expr]:
    """Two operands of a non-commutative operation, two arguments that follow one another, or the two ways of a choice."""
    if isinstance(node, ast.BinOp):
        listed = any(isinstance(side, (ast.List, ast.ListComp, ast.Tuple)) for side in (node.left, node.right))
        if listed or not isinstance(node.op, (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)):
            yield _like(node, left=node.right, right=node.left)
    elif isinstance(node, ast.Call):
        first = (
            len(node.args) if called(node) == "isinstance" else int(called(node) == "let" or called(node)[:7] == "expect_")
        )  # a name
        for at in range(first, len(node.args) - 1):
            if not any(isinstance(item, ast.Starred) for item in node.args[at : at + 2]):
                yield _like(node, args=_exchanged(node.args, at))
    elif isinstance(node, ast.IfExp):
        yield _like(node, body=node.orelse, orelse=node.body)


def arithmetic(node: ast.expr) -> Iterator[ast.expr]:
    """Another operation on numbers."""
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield _like(node, op=ARITHMETIC[type(node.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Invert)):
        yield node.operand


def shifted(node: ast.expr) -> Iterator[ast.expr]:
    """A number that is off by one."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield from (ast.Constant(node.value + by) for by in (1, -1))


def constant(node: ast.expr) -> Iterator[ast.expr]:
    """Another number (twice as large, of the other sign, none) or truth value."""
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value:
        yield from (ast.Constant(value) for value in (2 * node.value, -node.value, 0))


def dropped(node: ast.expr) -> Iterator[ast.expr]:
    """One clause, element or keyword argument less."""
    if isinstance(node, ast.BoolOp):
        for at in range(len(node.values)):
            left = _without(node.values, at)
            yield left[0] if len(left) == 1 else _like(node, values=left)  # type: ignore[misc]
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        pair = len(node.elts) == 2 and isinstance(
            node.elts[0], (ast.Constant, ast.UnaryOp)
        )  # a number or name, and whose it is
        yield from (_like(node, elts=_without(node.elts, at)) for at in range(0 if pair else len(node.elts)))
    elif isinstance(node, ast.Dict):
        for at in range(len(node.keys)):
            yield _like(node, keys=_without(node.keys, at), values=_without(node.values, at))  # type: ignore[arg-type]
    elif isinstance(node, ast.Call):
        for at, keyword in enumerate(node.keywords):
            if keyword.arg not in PLACED:
                yield _like(node, keywords=_without(node.keywords, at))


def compared(node: ast.expr) -> Iterator[ast.expr]:
    """The neighbouring comparison."""
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            if type(operator) in COMPARED:
                yield _like(node, ops=[*node.ops[:at], COMPARED[type(operator)](), *node.ops[at + 1 :]])


def named(node: ast.expr, bound: Iterable[str]) -> Iterator[ast.expr]:
    """Another name of the same kind, one that is bound there; another attribute."""
    if isinstance(node, ast.Name):
        here = set(bound)
        for name in dict.fromkeys(other for group in NAMES if node.id in group for other in group):
            if name != node.id and name in here:
                yield ast.Name(name, ast.Load())
    elif isinstance(node, ast.Attribute):
        for name in dict.fromkeys(other for group in ATTRIBUTES if node.attr in group for other in group):
            if name != node.attr:
                yield _like(node, attr=name)


def keyed(node: ast.expr) -> Iterator[ast.expr]:
    """Another string of the same kind."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        for text in dict.fromkeys(other for group in STRINGS if node.value in group for other in group):
            if text != node.value:
                yield ast.Constant(text)


def negated(test: ast.expr) -> Iterator[ast.expr]:
    """The condition's opposite, and no condition at all."""
    yield test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else ast.UnaryOp(ast.Not(), test)
    yield ast.Constant(False)


def reversed_(iterated: ast.expr) -> Iterator[ast.expr]:
    """The other way round."""
    if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and iterated.func.id == "reversed":
        yield iterated.args[0]
    else:
        listed = ast.Call(ast.Name("list", ast.Load()), [iterated], [])
        yield ast.Call(ast.Name("reversed", ast.Load()), [listed], [])


EXPRESSIONS: dict[str, Callable[[ast.expr], Iterator[ast.expr]]] = {
    "swap": swap, "operator": arithmetic, "off by one": shifted, "constant": constant, "drop": dropped, "compare": compared,
    "key": keyed,
}  # fmt: skip
OPERATORS = (*EXPRESSIONS, "name", "negate", "reverse", "remove")
