"""Conclusions about the read-out of codes, the sampler and g: as functions of terms, for symbols and for cases."""

from __future__ import annotations

from collections.abc import Callable

from efasp.codebook import Codebook
from efasp.proofs.conclusions import concluded
from efasp.proofs.smtlib import Term, eq, implies, ite, land, lnot, plain, plus
from efasp.proofs.symbolic.nodes import is_value

FIELDS = {"word": "out.word_bits", "reg": "out.register"}  # of the read-out, by their payload


@concluded("encoding.readout", "token")
def READ_OUT(book: Codebook, out: Callable[[str], Term], token: Callable[[str, str], Term]) -> Term:
    """The token that is read off a code: its kind is that of the one flag of 1, its payloads are those of the signs.

    ``out``: a kind's flag, and the words of ``FIELDS``; ``token``: whether the token is of a kind ("kind"), or its payload.
    """
    flags = [out(f"out.{plain(kind.name)}") for kind in book.kinds]
    kinds = [eq(token("kind", kind.name), is_value(flag, 1)) for kind, flag in zip(book.kinds, flags, strict=True)]
    for kind in book.kinds:
        kinds += [implies(token("kind", kind.name), eq(token("payload", name), out(FIELDS[name]))) for name in kind.payloads]
    return implies(is_value(plus(*flags), 1), land(*kinds))


@concluded("process.sampler", "unmasked")
def UNMASKED(before: Term, predicted: Term, after: Term) -> Term:
    """The sampler unmasks a mask exactly where another token than the mask is predicted: whether it is the mask before, as
    predicted, and after."""
    return eq(after, land(before, predicted))


@concluded("process.g")
def G(mask: tuple[Term, Term], control: tuple[Term, Term, Term], predicted: Term, same: Term) -> Term:
    """Algorithm 1 at a position of a sequence in which nothing is inserted or deleted.

    ``mask``: whether the token is the mask before, and after; ``control``: remask, insert, delete; ``predicted``: whether it is
    the predicted token after; ``same``: whether it is the token from before.
    """
    (before, after), (remask, insert, delete) = mask, control
    kept = ite(before, predicted, same)
    return implies(land(lnot(insert), lnot(delete)), ite(remask, after, kept))
