"""That a program compiled from RASP has the values of its operator: on every short text, and on longer texts that are drawn.

The two evaluators share nothing: RASP's own is ``rasp.graph``, that of E-FASP ``efasp.evaluate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from efasp.language.lexer import LanguageError
from efasp.language.module import TextError
from efasp.proofs.obligation import Obligation, Verdict
from efasp.proofs.programs.sorts import CLAIM
from efasp.proofs.programs.texts import Texts
from efasp.rasp.graph import Sequence, evaluate

NONE = "of which have no value in RASP"


def obligations(texts: Texts, operator: Sequence) -> Iterator[Obligation]:
    """Two: every short text, and texts that are drawn."""
    module = texts.module
    params = {"program": module.program.name}
    content = f"the output is the operator {module.program.name} of {module.file}"
    said = f"exhaustive, texts of up to {texts.length} letters with a value in RASP"

    def short() -> Verdict:
        found, without = tried(texts, operator, texts.short())
        method = f"exhaustion: {texts.count} cases{none(without)}"
        if without == texts.count:
            return Verdict("unknown", method)
        return Verdict("refuted" if found else "proved", method, found)

    def drawn() -> Verdict:
        found, without = tried(texts, operator, texts.drawn)
        lengths = ", ".join(map(str, sorted({len(module.split(text)) for text in texts.drawn})))
        method = f"{len(texts.drawn)} texts of {lengths} letters, by a fixed seed{none(without)}"
        if without == len(texts.drawn):
            return Verdict("unknown", method)
        return Verdict("refuted" if found else "measured", method, found)

    yield Obligation("program.specification.short", CLAIM, params, said, (1, texts.length), "exhaustive", content, short)
    if texts.drawn:
        longest = max(len(module.split(text)) for text in texts.drawn)
        yield Obligation("program.specification.drawn", CLAIM, params, "sampled", (1, longest), "measurement", content, drawn)


def tried(texts: Texts, operator: Sequence, several: Iterable[str]) -> tuple[dict[str, Any] | None, int]:
    """The first text on which an operator of RASP has another value; and on how many it has none, which are left out."""
    without = 0
    for text in several:
        try:
            wanted = evaluate(operator, texts.module.split(text))
        except (LanguageError, TextError):
            without += 1
            continue
        failure = difference(texts, text, wanted)
        if failure is not None:
            return failure, without
    return None, without


def difference(texts: Texts, text: str, wanted: list[Any]) -> dict[str, Any] | None:
    """The first position at which a program's output is another than the values of an operator."""
    run = texts.run(text)
    for position, (expected, got) in enumerate(zip(wanted, run.values[run.output], strict=True)):
        if expected != got:
            said = f"on {text!r}: expected {expected}, got {got} at position {position} of {run.output}"
            return {
                "text": text,
                "position": position,
                "definition": run.output,
                "expected": expected,
                "found": got,
                "said": said,
            }
    return None


def none(count: int) -> str:
    """What a method's text says of ``count`` texts without values; "" for none."""
    return f", {count} {NONE}" if count else ""
