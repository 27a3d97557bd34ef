"""`efasp generate`: words of a language, drawn by a stochastic any-process generator in the compiled transformer."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from functools import partial
from random import Random

from efasp.checker import arguments, cli
from efasp.checker.errors import UsageError
from efasp.dyck import letters, word
from efasp.stochastic import GenerationError, Generator

MOST = 64  # letters: the width of the transformer is 12 k + 5
LANGUAGES = ("dyck",)
TRIES = 1_000  # for a word that is short enough


def options(command: argparse.ArgumentParser) -> None:
    """The options that name a generator and its draws."""
    command.add_argument(
        "--k", type=partial(arguments.within, low=1, high=MOST), metavar="K", help=f"number of letters, 1 to {MOST} (default 2)"
    )
    command.add_argument("--seed", type=arguments.count, metavar="S", help="seed of the draws (default 0)")


def register(commands: cli.Commands) -> None:
    """Add the command to the parser."""
    generate = cli.command(commands, "generate", "draw words by stochastic any-process generation")
    generate.add_argument("language", choices=LANGUAGES, metavar="LANGUAGE", help="dyck: two-sided Dyck-k")
    options(generate)
    generate.add_argument("--count", type=arguments.count, default=1, metavar="C", help="number of words (default 1)")
    generate.add_argument(
        "--max-length", type=arguments.count, metavar="L", help="discard words of more than L letters and draw again"
    )
    generate.add_argument("--json", action="store_true", help='one JSON object, {"words": [[1, -1, ...], ...]}')
    generate.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Print the words: one a line, letters as numbers, an inverse negative; or one JSON object. Raises UsageError."""
    from efasp.model.generators import dyck_generator

    k = 2 if options.k is None else options.k
    drawn = words(dyck_generator(k), k, Random(options.seed or 0), options.count, options.max_length)
    try:
        if options.json:
            print(json.dumps({"words": list(drawn)}))
        else:
            for each in drawn:
                print(shown(each))
    except GenerationError as error:
        raise UsageError(f"generate: {error}; --seed: expected another") from None
    return 0


def shown(letters: list[int]) -> str:
    """A word as text; the empty one as such."""
    return " ".join(map(str, letters)) or "(empty)"


def words(generator: Generator, k: int, rng: Random, count: int, longest: int | None) -> Iterator[list[int]]:
    """So many words, each the letters of one run's fixed point; with ``longest``, runs with more letters are drawn anew.

    Raises GenerationError, also where ``TRIES`` runs for one word are too long.
    """
    for _ in range(count):
        for _ in range(TRIES):
            ids = generator.sample(rng) if longest is None else short(generator, rng, 2 * k, longest)
            if ids is not None:
                yield word(k, ids)
                break
        else:
            raise GenerationError(f"expected a word of at most {longest} letters within {TRIES} runs, found none")


def short(generator: Generator, rng: Random, letters: int, longest: int) -> list[int] | None:
    """The tokens of one run's fixed point, or None for a run that has more letters (ids 1..``letters``), which never go."""
    ids: list[int] = []
    for x, _ in generator.run(rng):
        ids = x.tolist()
        if sum(1 <= token <= letters for token in ids) > longest:
            return None
    return ids


def names(k: int) -> list[str]:
    """How a trace writes the tokens, by id: the mask M, letters, and the first (?) and second (!) token of each."""
    return ["M", *(f"{letter}{kind}" for kind in ("", "?", "!") for letter in letters(k))]
