"""Calls of the command line in processes of their own, at the cost of one start: forks of a process that has imported it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

SERVER = """
import json, os, sys, traceback
from efasp.paper_artifacts.cli import main

def ended(arguments):
    try:
        return main(arguments)
    except SystemExit as stop:
        return stop.code
    except BaseException:
        traceback.print_exc()
        return 1

for line in sys.stdin:
    said = [os.memfd_create("out"), os.memfd_create("err")]
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdin = open(0)
        for number, file in enumerate(said, 1):
            os.dup2(file, number)
        code = ended(json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)
    answer = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])]
    for file in said:
        answer.append(os.pread(file, os.fstat(file).st_size, 0).decode())
        os.close(file)
    print(json.dumps(answer), flush=True)
"""


class Said(NamedTuple):
    """The exit code of a call, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


class Forks:
    """The process that is forked. ``options``: those of the interpreter; ``environment``: its variables."""

    def __init__(self, options: tuple[str, ...], environment: Mapping[str, str]) -> None:
        command = [sys.executable, *options, "-c", SERVER]
        self.process = subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def call(self, *arguments: str) -> Said:
        """One call, with nothing on standard input."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps(arguments), file=self.process.stdin, flush=True)
        return Said(*json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        """The end of the process."""
        self.process.communicate()
