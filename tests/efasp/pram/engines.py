"""The engines that the tests of PRAM programs run on: each takes a program and a limit of steps."""

from collections.abc import Callable

from efasp.pram import machine
from efasp.pram.machine import Program, Run

ENGINES: dict[str, Callable[[Program, int], Run]] = {"reference": machine.run}
