"""Expressions by which functions of the construction know the width, and sources in which a change acts at some widths only.

A *guarded* change acts at widths other than 5, and leaves the original code in place at width 5 (or: acts at width 6 alone).
``WIDTHS`` says by which expression a function knows the width. A function that knows none receives it from another of its
module, through a variable of the module (``FED``). Standard library only: sources are changed before a package is imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache

Edit = tuple[int, int, str]  # first and last byte in a source, and the replacement

WIDTH_VARIABLE = "_width_[0]"  # the module's variable
ACTS = "_acts_"  # ``proofs.mutation.mutants.acts`` in a changed source
_WALK = "__import__('efasp.syntax', fromlist=['walk']).walk"
# Of the nodes below one: the vocabulary's word.
_NODE = f"next((b['word'] for n in {_WALK}({{}}) if 'word' in (b := getattr(getattr(n, 'codebook', 0), 'bits', ()))), 5)"
_BITS = "{}.bits.get('word', {}.bits.get('index', 5))"
# Of the embeddings of a program that is lowered.
_FORMS = "next((b['word'] for _, n in forms.sources.values() if 'word' in (b := n.codebook.bits)), 5)"
_OWN = "getattr(self, 'word', 5)"  # a layout of symbols has no width
# Of the transformer that decodes, or what stands for one.
_RUN = "getattr(getattr(self._transformer, 'vocabulary', None), 'bits', {}).get('word', 5)"

# For each module, in order: globs of functions, and the expression of the width there. An expression that begins with a
# question mark is a whole condition: the change acts where it holds. Several are alternatives.
WIDTHS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "efasp.pram.views": (
        ("Counter.*", ("self.word.width",)),
        ("*View.__init__", ("word",)),
        ("*View.*", ("self.word",)),
        ("total", (WIDTH_VARIABLE,)),
    ),
    "efasp.pram.step": (
        ("_as_word", ("width",)),
        ("masked_step|cell_step", ("word",)),
        ("execute|alu|next_counter|code_of", ("view.word",)),
        ("gate_signs", (WIDTH_VARIABLE,)),
    ),
    "efasp.encoding": (
        ("*Layout.prompt|*Layout.encode", (_OWN, "?program.processors >= 4")),
        ("*Layout.*", (_OWN,)),
    ),
    "efasp.layout": (
        ("Layout.__init__", ("word", "?processors >= 4")),
        ("Layout.of", ("program.word", "?program.processors >= 4")),
        ("Layout.*", (_OWN,)),
    ),
    "efasp.tokens": (("vocabulary|Codec.__init__", ("word",)), ("Codec.*", (_OWN,))),
    "efasp.places": (
        ("clock_bits|log_places|cell_places", ("word",)),
        ("place|position", ("codebook.bits['index']",)),
        ("Section.*", (WIDTH_VARIABLE,)),
    ),
    "efasp.codebook": (
        ("Codebook.index", ("bits",)),
        ("Codebook.bits|Codebook.symbols", ()),
        ("Codebook.*", (_BITS.format("self", "self"),)),
        ("sign|grown|positive", (WIDTH_VARIABLE,)),
    ),
    "efasp.pointwise": (
        ("constant", ("?width > 5",)),
        ("value|signed", ("?word.width > 5",)),
        ("number|unsigned", ("?signs.width > 5",)),
        ("threshold", ("?k > 32",)),
        ("equals", ("?x.sort.bounds[0][0] < -31",)),
        ("one_hot", ("?size > 5",)),
        ("select", ("?options[0].width > 5",)),
        ("choose", ("?cases[0][1].width > 5",)),
        ("_carry_word", ("?w > 5",)),
        ("*", ("?a.width > 5",)),
    ),
    "efasp.attention": (
        ("weights", ("?type(n) is int and n in (6, 9, 22)",)),  # the bits that a machine of w = 6 matches
        ("match", (_NODE.format("sink"),)),
        ("Match.*", (_NODE.format("self.sink"),)),
        ("_simple|exact_match|rightmost_match|priority_match|match_or_default", ("?query.width > 5",)),
    ),
    "efasp.pram.state": (("Run.*", ("self.program.word",)), ("Configuration.*|Working.*", ("?len(self.status) >= 4",))),
    "efasp.pram.machine": (
        ("faults_between", ("?len(before.status) >= 4",)),
        ("report|exit_code", ("run.program.word", "?run.program.processors >= 4")),
        ("validate|initial|_advance|accesses|violation|step|trace|run|_execute", ("program.word", "?program.processors >= 4")),
    ),
    "efasp.process": (("sources", ("?len(masked) > 64",)), ("g|unmask", ("?len(x) > 64", "?mask > 169"))),
    "efasp.model.sampler": (("*", ("layout.word", "?len(outputs) > 64")),),
    "efasp.model.decode": (
        ("Context.__init__", ()),
        ("Context.*", (_RUN,)),
        ("*", ("program.word", "?program.processors >= 4")),
    ),
    "efasp.model.transformer": (
        ("Cache.__init__", ()),
        ("Cache.*", (WIDTH_VARIABLE, "?self.length > 64")),
        ("softmax_attention", (WIDTH_VARIABLE, "?k.shape[1] > 64")),
        ("attended", ("?len(k) > 64",)),
        ("Embedding.__init__", (_BITS.format("codebook", "codebook"),)),
        ("Embedding.*", (_BITS.format("self.codebook", "self.codebook"),)),
        ("Transformer.__init__", (_BITS.format("vocabulary", "vocabulary"),)),
        ("Transformer.of", (_BITS.format("plan.vocabulary", "plan.vocabulary"),)),
        ("Transformer.*", (_BITS.format("self.vocabulary", "self.vocabulary"),)),
        ("*", (WIDTH_VARIABLE,)),
    ),
    "efasp.model.readback": (
        ("tensors|_plan", (_BITS.format("vocabulary", "vocabulary"),)),
        ("read_plan", ("word",)),
        ("*", (WIDTH_VARIABLE,)),
    ),
    "efasp.model.weights": (("compiled|load", ("word",)), ("dump|export", ("weights.word",))),
    "efasp.model.header": (("read_metadata", ("word",)),),
    "efasp.model.lower": (("lower", (WIDTH_VARIABLE,)),),
    "efasp.model.lowering.forms": (("*", (WIDTH_VARIABLE,)),),
    "efasp.model.lowering.merge": (("*", (WIDTH_VARIABLE,)),),
    "efasp.model.lowering.schedule": (("*", (WIDTH_VARIABLE,)),),
    "efasp.model.lowering.emit": (("*", (WIDTH_VARIABLE,)),),
    "efasp.model.ranges": (
        ("ranges|dtype_for", (_BITS.format("plan.vocabulary", "plan.vocabulary"),)),
        ("*", (WIDTH_VARIABLE,)),
    ),
}
# The functions that pass their module's width to the others, and the expression by which they know it.
FED: dict[str, tuple[tuple[str, str], ...]] = {
    "efasp.pram.views": (("View.__init__", "word"),),
    "efasp.pram.step": (("masked_step|cell_step", "word"),),
    "efasp.places": (("place|position", "codebook.bits['index']"),),
    "efasp.codebook": (("Codebook.codes|Codebook.read", _BITS.format("self", "self")),),
    "efasp.model.transformer": (
        ("Transformer.__init__", _BITS.format("vocabulary", "vocabulary")),
        ("Transformer.of", _BITS.format("plan.vocabulary", "plan.vocabulary")),
        ("Transformer.forward", _BITS.format("self.vocabulary", "self.vocabulary")),
    ),
    "efasp.model.readback": (("tensors|_plan", _BITS.format("vocabulary", "vocabulary")),),
    "efasp.model.lower": (("lower", _NODE.format("program.output")),),
    "efasp.model.lowering.forms": (("Forms.__init__", _NODE.format("program.output")),),
    "efasp.model.lowering.merge": (("merge", _FORMS),),
    "efasp.model.lowering.schedule": (("Schedule.__init__", _FORMS),),
    "efasp.model.lowering.emit": (("Emitter.__init__", _NODE.format("program.output")),),
    "efasp.model.ranges": (("ranges|dtype_for", _BITS.format("plan.vocabulary", "plan.vocabulary")),),
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Every function of a module by its qualified name (a function inside another: outer.inner)."""

    def inside(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
        for child in ast.iter_child_nodes(node):
            name = f"{prefix}{getattr(child, 'name', '')}"
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield name, child
            named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            yield from inside(child, f"{name}." if named else prefix)

    return inside(tree, "")


def bindings(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The names that a statement binds, with the lines from which they are bound; nested ones not included."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id, node.lineno
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name, node.lineno
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0], 0
    elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp)):
        for child in ast.iter_child_nodes(node):
            yield from bindings(child)


def matches(name: str, globs: str) -> bool:
    """Whether a function's name matches one of the globs."""
    return any(fnmatchcase(name, glob) for glob in globs.split("|"))


def known(module: str, function: str, bound: Iterable[str], lambdas: Iterable[str] = ()) -> list[str]:
    """The expressions of the width in a function: those whose names are bound there (``lambdas``: parameters of a lambda)."""
    if "w" in set(lambdas):
        return ["w"]
    outer = [function.rsplit(".", depth)[0] for depth in range(function.count(".") + 1)]  # inside out
    for globs, expressions in WIDTHS.get(module, ()):
        if function and any(matches(name, globs) for name in outer[:1] + outer[1:]):
            return [text for text in expressions if _names(text) <= {*bound, *_GLOBAL}]
    return []


_GLOBAL = {"next", "hasattr", "getattr", "len", "sum", "map", "__import__", "_width_", "n", "b", "type", "int"}


@cache
def _names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text.lstrip("?"), mode="eval")) if isinstance(node, ast.Name)}


def condition(expression: str, only: int | None = None) -> str:
    """The condition that a guarded change is at work: at other widths than 5, or at one width ``only``."""
    if expression.startswith("?"):
        return expression[1:]
    return f"{expression} != 5" if only is None else f"{expression} == {only}"


# Sources.


class Source:
    """A source with the bytes at which its nodes stand."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self.tree = ast.parse(text)
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """The first byte of a node in the source, and the byte after its last."""
        first, last = self.starts[node.lineno - 1], self.starts[node.end_lineno - 1]  # type: ignore[attr-defined]
        return first + node.col_offset, last + node.end_col_offset  # type: ignore[attr-defined]

    def text(self, node: ast.AST) -> str:
        """A node's text."""
        start, end = self.span(node)
        return self.data[start:end].decode()

    def indent(self, node: ast.AST) -> str:
        """The text before a statement on its line."""
        column: int = node.col_offset  # type: ignore[attr-defined]
        return " " * column

    def changed(self, edits: Sequence[Edit], module: str) -> str:
        """The text after guarded edits, none of which overlap: with the imports that they need at the top of the module."""
        above = f"\nfrom efasp.proofs.mutation.mutants import acts as {ACTS}"
        if any(WIDTH_VARIABLE in text for _, _, text in edits):
            edits, above = [*edits, *self._fed(module)], f"{above}\n_width_ = [5]"
        future = [node for node in self.tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        at = self.span(future[-1])[1] if future else 0
        data = self.data
        for start, end, text in sorted([*edits, (at, at, above if future else f"{above}\n")], reverse=True):
            data = data[:start] + text.encode() + data[end:]
        return data.decode()

    def _fed(self, module: str) -> list[Edit]:
        """The edits by which functions tell the width to a module's variable."""
        edits: list[Edit] = []
        for name, node in functions(self.tree):
            for globs, width in FED.get(module, ()):
                if matches(name, globs):
                    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
                    start = self.span(first)[0]
                    edits.append((start, start, f"{WIDTH_VARIABLE} = {width}\n{self.indent(first)}"))
        return edits


@cache
def parsed(text: str) -> Source:
    """The source of a text, parsed once; what is made of its nodes is made of copies."""
    return Source(text)


def either(new: str, old: str, guard: str) -> str:
    """An expression that is the new one where the guard holds ("": everywhere), and the old one elsewhere."""
    return f"({new} if {ACTS}({guard or True}) else {old})"


def otherwise(new: str, old: str, guard: str, indent: str) -> str:
    """Statements that are the new ones where the guard holds, and the old ones elsewhere (without the first line's indent)."""
    body, rest = (text.replace("\n", f"\n{by}") for text, by in ((new, f"{indent}    "), (old, "    ")))
    return f"if {ACTS}({guard or True}):\n{indent}    {body}\n{indent}else:\n{indent}    {rest}"
