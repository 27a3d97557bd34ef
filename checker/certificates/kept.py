"""What `efasp certify` keeps in the store: proofs, to be replayed by later runs and not to be believed; no solver's word."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from checker.solvers import available
from checker.store import Store, digest

# What ``routes.attempt`` gives, before it has tried anything.
NOTHING: dict[str, Any] = {
    "route": "",
    "proof": "",
    "second": [],
    "against": [],
    "reasons": {},
    "consistent": "",
}
KEPT = ("route", "proof")  # what a later run takes; solvers are asked anew
SECOND = ("bitwuzla", "cvc5")  # solvers other than the first, in the order in which they are asked


def second() -> list[str]:
    """The solvers that are asked besides the one that proved."""
    return [solver for solver in SECOND if solver in available()]


def _key(hash_: str) -> str:
    return digest("certificate", hash_)


def keep(store: Store, hash_: str, value: dict[str, Any]) -> None:
    """Keep the proof that was found for the script with this hash, and its route."""
    proof = {name: value[name] for name in KEPT}
    store.put(_key(hash_), base64.b85encode(zlib.compress(json.dumps(proof).encode(), 6)).decode())


def kept(store: Store, hash_: str) -> dict[str, Any] | None:
    """Route and proof of an earlier run, or None."""
    try:
        value = json.loads(zlib.decompress(base64.b85decode(store.get(_key(hash_)))))
    except (TypeError, ValueError, zlib.error):
        return None
    whole = isinstance(value, dict) and set(value) == set(KEPT) and all(isinstance(part, str) for part in value.values())
    return value if whole else None
