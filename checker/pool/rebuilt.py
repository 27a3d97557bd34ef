"""A worker's process on another machine: it rebuilds the batches from their recipe and serves (``checker.pool.worker``)."""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection

from efasp.checker.errors import message_of
from efasp.checker.pool.worker import Work, serve
from efasp.checker.store import digest


def main(file: int, parent: int) -> None:
    """Serve over a connection, of which the first message is the recipe with the settings; never returns."""
    connection = Connection(file)
    recipe, listed, settings = connection.recv()
    try:
        batches = recipe.batches()
    except Exception as error:  # whatever it is, the machine that asks reports it
        connection.send(("refused", f"the batches cannot be rebuilt: {message_of(error)}"))
        os._exit(1)
    if digest(*(batch.id for batch in batches)) != listed:
        connection.send(("refused", "the batches that were rebuilt are others"))
        os._exit(1)
    serve(connection, Work(batches, *settings), parent)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
