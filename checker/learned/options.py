"""The parsers of the commands on trained encoders."""

from __future__ import annotations

import argparse

from efasp.checker import arguments, cli
from efasp.checker.learned.commands import train
from efasp.model.learned.tasks import TASKS


def extend(commands: cli.Commands, check_: argparse.ArgumentParser) -> None:
    """Add `efasp train`, and to `efasp check` its options for a checkpoint."""
    check_.add_argument(
        "--learned", type=arguments.path, metavar="FILE", help="check a checkpoint of efasp train, for strings of every length"
    )
    asked = "with --learned: the task whose right answers strings are to have (default: its own)"
    check_.add_argument("--task", choices=TASKS, help=asked)
    command = cli.command(commands, "train", "train a small encoder on the transitions of a task, for efasp check --learned")
    command.add_argument("task", choices=TASKS, metavar="TASK", help=f"{' or '.join(TASKS)}")
    command.add_argument(
        "--seed", type=seed, default=0, metavar="S", help="seed of the first weights and the batches (default 0)"
    )
    command.add_argument("--steps", type=arguments.count, metavar="N", help="steps of the optimizer (default 1000)")
    command.add_argument("--json", action="store_true", help="one JSON object")
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        required=True,
        metavar="OUT",
        help="the checkpoint to write; - is standard output",
    )
    command.set_defaults(command=train)


def seed(text: str) -> int:
    """A seed of torch, 0 to 2^63 - 1. Raises argparse's error."""
    return arguments.within(text, 0, (1 << 63) - 1, "2^63 - 1")
