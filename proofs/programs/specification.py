"""That a program's output is what its file says: on every short text, on longer ones that are drawn, and, where heads attend by
place alone, on every text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from efasp.language.formulas import shown
from efasp.language.specification import SpecificationError
from efasp.proofs.obligation import Obligation, Verdict, exhaustive
from efasp.proofs.programs.every_length import obligation
from efasp.proofs.programs.sorts import CLAIM
from efasp.proofs.programs.texts import Texts


def obligations(texts: Texts) -> Iterator[Obligation]:
    """The obligations about a program's specification: three a formula."""
    module = texts.module
    for number, formula in enumerate(module.ensures, 1):
        params = {"program": module.program.name, "ensures": number}
        text = "; ".join([*(f"requires {shown(r)}" for r in module.requires), f"ensures {shown(formula)}"])
        yield obligation(texts, formula, params, text)

        def short(formula: Any = formula) -> Verdict:
            def wrong() -> Iterator[dict[str, Any]]:
                yield from filter(None, (texts.broken(formula, text) for text in texts.short()))

            if not any(map(texts.required, texts.short())):
                return Verdict("unknown", f"none of the {texts.count} texts is one that the file requires")
            return exhaustive(texts.count, wrong)()

        said = f"exhaustive, texts of up to {texts.length} letters"
        tried = _guarded(short)
        yield Obligation("program.specification.short", CLAIM, params, said, (1, texts.length), "exhaustive", text, tried)

        def measured(formula: Any = formula) -> Verdict:
            found = next(filter(None, (texts.broken(formula, text) for text in texts.drawn)), None)
            lengths = ", ".join(map(str, sorted({len(module.split(text)) for text in texts.drawn})))
            if found is not None:
                return Verdict("refuted", f"texts of {lengths} letters", found)
            if not any(map(texts.required, texts.drawn)):
                return Verdict("unknown", f"no text of {lengths} letters that was drawn is one that the file requires")
            return Verdict("measured", f"{len(texts.drawn)} texts of {lengths} letters, by a fixed seed")

        if texts.drawn:
            longest = max(len(module.split(text)) for text in texts.drawn)
            yield Obligation(
                "program.specification.drawn", CLAIM, params, "sampled", (1, longest), "measurement", text, _guarded(measured)
            )


def _guarded(discharge: Any) -> Any:
    """A formula without a value is an error of its obligation, with its own words."""

    def guarded() -> Verdict:
        try:
            verdict: Verdict = discharge()
        except SpecificationError as error:
            return Verdict("error", f"the formula has no value: {error}")
        return verdict

    return guarded
