"""The proofs that `efasp certify` caches in the store: later runs replay them; solvers' answers are not stored."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, TypedDict, TypeGuard

from efasp.checker.solvers import available
from efasp.checker.store import Store, digest


class Proof(TypedDict):
    """A proof, as text, and the name of its route; both "" where there is none."""

    route: str
    proof: str


class Asked(TypedDict):
    """Other solvers' answers on a script: those that agree that it has no model, and those that say it has one."""

    second: list[str]
    against: list[str]


class Found(Proof, Asked):
    """The result for a script. ``reasons``: for each route that failed, why; ``consistent``: the evidence that the hypotheses
    have a model, or ""."""

    reasons: dict[str, str]
    consistent: str


# The result of ``routes.attempt`` before any route.
NOTHING: Found = {
    "route": "",
    "proof": "",
    "second": [],
    "against": [],
    "reasons": {},
    "consistent": "",
}
SECOND = ("bitwuzla", "cvc5")  # solvers other than the first, in the order in which they are asked


def second() -> list[str]:
    """The solvers that are asked in addition to the one that proved."""
    return [solver for solver in SECOND if solver in available()]


def _key(hash_: str) -> str:
    return digest("certificate", hash_)


def cache_proof(store: Store, hash_: str, proof: Proof) -> None:
    """Cache the proof that was found for the script with this hash, and its route; solvers are asked anew."""
    store.put(_key(hash_), base64.b85encode(zlib.compress(json.dumps(proof).encode(), 6)).decode())


def cached_proof(store: Store, hash_: str) -> Proof | None:
    """The route and the proof that an earlier run stored under a script's hash; None if there is none, or none that can be
    read."""
    try:
        value = json.loads(zlib.decompress(base64.b85decode(store.get(_key(hash_)))))
    except (TypeError, ValueError, zlib.error):
        return None
    return value if _is_proof(value) else None


def _is_proof(value: Any) -> TypeGuard[Proof]:
    """Whether a value is a proof in the form of the store."""
    named = isinstance(value, dict) and set(value) == set(Proof.__annotations__)
    return named and all(isinstance(part, str) for part in value.values())
