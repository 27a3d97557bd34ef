"""The runs behind the table ``any-order``: Masked-ARMs beside their encoders, how wide and deep they are, and their passes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any, NamedTuple, NotRequired, TypedDict

import numpy as np

from efasp.evaluate import place_rows
from efasp.masked_arm import Decoder, MaskedArm, any_order, left_to_right, masked_arm
from efasp.masked_examples import MASKED_EXAMPLES
from efasp.model import masked_arm_forms
from efasp.model.compile import MASKED_ARM, MASKED_ARM_BITS, STEPS, codebooks, compile_machine
from efasp.model.lower import lower
from efasp.paper_artifacts.experiments.experiments import SEED, columns
from efasp.paper_artifacts.tables.figures import Figure, drawn
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import Task, cached, results

WIDE = (2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64)  # bits of a position at which plans are compiled
SHOWN = (*range(2, 8), 16, 32, 64)  # and rows are made
RUN = range(2, 8)  # bits of the trees that are decoded: 2^b tokens
TEXTS = 3  # random texts a size, each in its own and a random order
WORDS = (5, 8, 16)  # of the logs
PROGRAM = Task("sum_to", 6, MASKED_ARM, 5)  # the log that is decoded


class Built(NamedTuple):
    """A construction, a tree's name or a word of the log, and the bits of a position."""

    name: str
    word: int
    b: int


@cache
def decoder(name: str, word: int) -> Decoder:
    """The encoder of a construction, by its name and, of the log, the width of a word."""
    if name != "log":
        return MASKED_EXAMPLES[name].decoder
    return Decoder(STEPS["mdm"](word, ""), *codebooks(word, "mdm", ""))


# The width and the layers of an encoder f and of its Masked-ARM, as they are compiled.
Sizes = TypedDict("Sizes", {"f": int, "f layers": int, "arm": int, "layers": int})


class OrderRuns(TypedDict):
    """Runs of a Masked-ARM. ``same``, ``right``: how many have f's events, and the right answer; ``blocks``: passes of f by
    blocks."""

    passes: int | None
    same: int
    right: int
    runs: int
    tokens: int | None
    blocks: NotRequired[int | None]


def compiled(built: Built) -> Sizes:
    """The sizes of an encoder and of its Masked-ARM, as they are compiled."""
    encoder = decoder(built.name, built.word)
    plain = compile_machine(built.word, "mdm", "") if built.name == "log" else lower(encoder.program)
    arm = lower(masked_arm(encoder, built.b).program)
    return {"f": plain.width, "f layers": len(plain.layers), "arm": arm.width, "layers": len(arm.layers)}


def form(built: Built) -> int:
    """The width of the Masked-ARM by its closed form."""
    if built.name == "log":
        return masked_arm_forms.log_width(built.word, "", built.b)
    return masked_arm_forms.tree_width(built.name, built.b)


@cache
def transformers(name: str, b: int) -> tuple[MaskedArm, Any, Any]:
    """A tree's Masked-ARM, and the transformers of its encoder and of it."""
    from efasp.model.transformer import Transformer

    arm = masked_arm(decoder(name, 0), b)
    return arm, Transformer.of(lower(arm.decoder.program)), Transformer.of(lower(arm.program))


def decoded(built: Built) -> OrderRuns:
    """Random texts of a tree with 2^b tokens, decoded in torch in its own order and in a random one, and left to right."""
    example, rng = MASKED_EXAMPLES[built.name], Random(f"{SEED} any order {built.name} {built.b}")
    arm, encoder, transformer = transformers(built.name, built.b)
    mask, passes, same, right, runs = arm.decoder.vocabulary.slots[arm.decoder.mask].start, 0, 0, 0, 0
    for _ in range(TEXTS):
        text = "".join(rng.choices(example.alphabet, k=1 << built.b - 1))
        ids = np.array(example.opening(text))
        places = place_rows(None, len(ids))
        for ranks in (None, rng.sample(range(len(ids)), len(ids))):
            rows = arm.rows(places, ranks)
            first = list(any_order(arm.decoder, ids.tolist(), lambda x, p=places: encoder.outputs(x, p),  # type: ignore[misc]
                                   lambda read: 1 - read[:, mask], ranks))  # fmt: skip
            second = list(left_to_right(arm, ids.tolist(), lambda z, p=rows: transformer.outputs(z, p)))  # type: ignore[misc]
            runs, passes, same = runs + 1, max(passes, len(second)), same + (first == second)
            right += example.answer(dict(second)[1]) == example.oracle(text)
    return {"passes": passes, "same": same, "right": right, "runs": runs, "tokens": 1 << built.b}


def any_order_table(noted: Notes) -> Artifact:
    """Masked-ARMs beside their encoders: sizes as compiled and by closed form, and runs event for event."""
    names = [(name, 0) for name in MASKED_EXAMPLES] + [("log", word) for word in WORDS]
    built = [Built(name, word, b) for name, word in names for b in sorted({*WIDE, *SHOWN})]
    plans = dict(zip(built, cached(noted, compiled, built), strict=True))
    trees = [one for one in built if one.name != "log" and one.b in RUN]
    runs = dict(zip(trees, cached(noted, decoded, trees), strict=True))
    left, blocks = results(noted, [PROGRAM, Task(PROGRAM.name, PROGRAM.problem, "mdm", PROGRAM.word)])
    log = Built("log", PROGRAM.word, MASKED_ARM_BITS)
    runs[log] = {"passes": left.decode_steps, "same": int(left.agrees), "right": int(left.answer == blocks.answer),
                 "runs": 1, "tokens": left.context, "blocks": blocks.decode_steps}  # fmt: skip
    rows = tuple(row(one, plans[one], runs.get(one)) for one in built if one.b in SHOWN)
    return Artifact("any-order", "Any order, from left to right", SCOPE, COLUMNS, rows, checks(plans, runs, log), NOTES,
                    (widths(plans),))  # fmt: skip


def called(built: Built) -> str:
    """A construction in words."""
    return f"log, w = {built.word}" if built.name == "log" else f"{built.name} over a tree"


def row(built: Built, sizes: Sizes, run: OrderRuns | None) -> dict[str, Cell]:
    """The table's row about a construction, at some bits of a position."""
    cells: dict[str, Cell] = {
        "what": called(built), "b": built.b, "f": sizes["f"], "arm": sizes["arm"], "form": form(built),
        "bound": masked_arm_forms.bound(sizes["f"], built.b), "f layers": sizes["f layers"], "layers": sizes["layers"],
    }  # fmt: skip
    if run is not None:
        cells |= {"tokens": run["tokens"], "passes": run["passes"], "same": f"{run['same']} of {run['runs']}",
                  "blocks": run.get("blocks")}  # fmt: skip
    return cells


def checks(plans: Mapping[Built, Sizes], runs: Mapping[Built, OrderRuns], log: Built) -> tuple[Check, ...]:
    """Widths, layers, events and passes are as they are stated."""
    least = all(masked_arm_forms.bound(sizes["f"], one.b) >= sizes["arm"] for one, sizes in plans.items())
    trees = {one: run for one, run in runs.items() if one != log}
    return (
        Check(f"at every b of {', '.join(map(str, sorted({one.b for one in plans})))} the compiled d_model is the closed form",
              all(sizes["arm"] == form(one) for one, sizes in plans.items())),
        Check("d_model is at most 2 b + 12 more than the encoder's", least),
        Check("a Masked-ARM has two layers more than its encoder",
              all(sizes["layers"] == sizes["f layers"] + 2 for sizes in plans.values())),
        Check("every run from left to right gives the events of masked diffusion, one a pass, and the right answer",
              all(run["same"] == run["right"] == run["runs"] for run in runs.values())),
        Check("a tree of n leaves takes n - 1 passes",
              all(run["passes"] == (run["tokens"] or 0) // 2 - 1 for run in trees.values())),
        Check("the log takes three passes a step and processor", runs[log]["passes"] == 3 * (runs[log].get("blocks") or 0)),
    )  # fmt: skip


SCOPE = (
    f"compiled at every row; measured where there are passes: {TEXTS} random texts a tree, in its own order and a random one, "
    f"and the log of {PROGRAM.name} at w = {PROGRAM.word}, all in the transformer"
)

COLUMNS = columns(
    ("what", "encoder f", "text"), ("b", "b, S <= 2^b", "number"), ("f", "d_model of f", "number"),
    ("arm", "d_model of the Masked-ARM", "number"), ("form", "closed form", "number"),
    ("bound", "d_model of f + 2 b + 12", "number"),
    ("f layers", "layers of f", "number"), ("layers", "layers", "number"), ("tokens", "tokens run", "number"),
    ("passes", "passes, one token each", "number"), ("same", "runs with f's events", "text"),
    ("blocks", "passes of f by blocks", "number"),
)  # fmt: skip

NOTES = (
    "S positions have b = max(2, ceil(log2 S)) bits, so that a Masked-ARM is O(log S) wider than f. The closed forms are "
    "those of lemma masked_arm.width: 2 b + 11; max(b + 42, 2 b + 37); max(b + 12 w + 39, 2 b + 3 w + 103).",
    "One token a pass is the encoder's own way in the trees. Masked diffusion of the log unmasks a block of three tokens a "
    "processor in one pass, which a Masked-ARM does not.",
)


def widths(plans: Mapping[Built, Sizes]) -> Figure:
    """d_model of the Masked-ARMs against the bits of a position."""

    def draw(axes: Any) -> None:
        for number, name in enumerate(dict.fromkeys((one.name, one.word) for one in plans)):
            mine = [(one.b, sizes) for one, sizes in plans.items() if (one.name, one.word) == name]
            label = called(Built(*name, 0))
            axes.plot([b for b, _ in mine], [sizes["arm"] for _, sizes in mine], ".-", color=f"C{number}", label=label)
            axes.plot([b for b, _ in mine], [sizes["f"] for _, sizes in mine], "--", color=f"C{number}", linewidth=1)
        axes.set_xlabel("log2 S")
        axes.set_ylabel("d_model")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, ncols=2)

    caption = "d_model of Masked-ARMs for sequences of S positions, as compiled; dashed: of the encoder alone."
    return drawn("any-order-width", "Width of a Masked-ARM against log2 S", caption, draw)
