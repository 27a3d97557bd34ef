"""Help texts and the completion of a shell are those of the parser."""

from __future__ import annotations

import argparse
import shlex
import subprocess

import pytest

from efasp.checker import cli
from efasp.checker.completion import SHELLS, script, words
from efasp.checker.helptexts import EXAMPLES
from efasp.paper_artifacts.cli import extend, main
from efasp.pram.library import PROGRAMS


@pytest.fixture(scope="module")
def parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    return cli.parser(extend)


def test_every_help_has_examples_that_parse(parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]) -> None:
    """And exit codes; lines are kept as they are written."""
    assert set(EXAMPLES) == set(words(parser))
    for name, examples in EXAMPLES.items():
        for example in examples:
            assert parser.parse_args(shlex.split(example)).command
        with pytest.raises(SystemExit) as stopped:
            main([name, "--help"])
        text = capsys.readouterr().out
        assert stopped.value.code == 0 and "\nexamples:\n" in text and "\nexit codes: 0" in text
        assert all(f"\n  efasp {example}\n" in text for example in examples)


def completed(text: str, *typed: str) -> set[str]:
    """What bash offers for the last of some words."""
    line = f'COMP_WORDS=({shlex.join(typed)}); COMP_CWORD={len(typed) - 1}; _efasp; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", f"{text}\n{line}"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_bash_completes(parser: argparse.ArgumentParser) -> None:
    """Commands, programs, flags of the command, and choices of the flag before."""
    text = script("bash", parser)
    assert completed(text, "efasp", "t") == {"trace", "tables", "train"}
    assert completed(text, "efasp", "run", "s") == {name for name in PROGRAMS if name.startswith("s")}
    assert completed(text, "efasp", "run", "scan", "--eng") == {"--engine"}
    assert completed(text, "efasp", "trace", "scan", "--engine", "") == {"mdm", "apmdm"}
    assert completed(text, "efasp", "completion", "") >= set(SHELLS)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_flag_is_in_the_script(shell: str, parser: argparse.ArgumentParser, capsys) -> None:
    """For each shell."""
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    for name, flags in words(parser).items():
        assert name in text and all(flag.lstrip("-") in text for flag in flags)
