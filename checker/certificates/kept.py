"""What `efasp certify` keeps in the store: proofs, to be replayed by later runs and not to be believed."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from checker.solvers import available, titles
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
SECOND = ("bitwuzla", "cvc5")  # solvers other than the first, in the order in which they are asked


def second() -> list[str]:
    """The solvers that are asked besides the one that proved."""
    return [solver for solver in SECOND if solver in available()]


def _key(hash_: str) -> str:
    return digest("certificate", hash_, *titles(second()))


def keep(store: Store, hash_: str, value: dict[str, Any]) -> None:
    """Keep what was found for the script with this hash."""
    store.put(_key(hash_), base64.b85encode(zlib.compress(json.dumps(value).encode(), 6)).decode())


def kept(store: Store, hash_: str) -> dict[str, Any] | None:
    """What was found in an earlier run, or None."""
    try:
        value = json.loads(zlib.decompress(base64.b85decode(store.get(_key(hash_)))))
    except (TypeError, ValueError, zlib.error):
        return None
    whole = isinstance(value, dict) and set(value) == set(NOTHING) and isinstance(value["proof"], str)
    return value if whole else None
