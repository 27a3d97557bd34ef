"""`efasp completion`: a script with which a shell completes commands, flags, choices and names, from the parser itself."""

from __future__ import annotations

import argparse

from efasp.pram.library import PROGRAMS

SHELLS = ("bash", "zsh", "fish")
NAMED = {"run": tuple(PROGRAMS), "trace": tuple(PROGRAMS), "programs": tuple(PROGRAMS)}  # beside files


def words(parser: argparse.ArgumentParser) -> dict[str, dict[str, tuple[str, ...]]]:
    """For each command its flags, each with its choices; under the empty flag the names that it takes."""
    (commands,) = (one.choices for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    completions: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, command in commands.items():
        flags = {flag: one.choices for one in command._actions for flag in one.option_strings if flag.startswith("--")}
        operands = [str(choice) for one in command._actions if not one.option_strings for choice in one.choices or ()]
        completions[name] = {flag: tuple(map(str, choices or ())) for flag, choices in flags.items()}
        completions[name][""] = NAMED.get(name, tuple(operands))
    return completions


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The completion script for a shell, one of ``SHELLS``, of a parser's commands and options."""
    known = words(parser)
    return _fish(known) if shell == "fish" else _bash(known, zsh=shell == "zsh")


def _bash(known: dict[str, dict[str, tuple[str, ...]]], zsh: bool) -> str:
    lines = ["autoload -Uz bashcompinit && bashcompinit"] if zsh else []
    lines += [
        "_efasp() {",
        '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command="${COMP_WORDS[1]}" found=""',
        '  if [ "$COMP_CWORD" -eq 1 ]; then',
        f'    COMPREPLY=($(compgen -W "{" ".join([*known, "--help", "--version"])}" -- "$word")); return',
        "  fi",
        '  case "$command $before" in',
    ]
    for name, flags in known.items():
        lines += [f'    "{name} {flag}") found="{" ".join(choices)}" ;;' for flag, choices in flags.items() if flag and choices]
    lines += ["  esac", '  if [ -z "$found" ]; then', '    case "$command" in']
    lines += [f'      {name}) found="{" ".join([*flags[""], *filter(None, flags)])}" ;;' for name, flags in known.items()]
    lines += ["    esac", "  fi", '  COMPREPLY=($(compgen -W "$found" -- "$word"))', "}"]
    return "\n".join([*lines, "complete -o default -F _efasp efasp", ""])


def _fish(known: dict[str, dict[str, tuple[str, ...]]]) -> str:
    lines = [f"complete -c efasp -n __fish_use_subcommand -f -a '{' '.join(known)}'"]
    for name, flags in known.items():
        when = f"complete -c efasp -n '__fish_seen_subcommand_from {name}'"
        for flag, choices in flags.items():
            part = f" -l {flag[2:]}" if flag else ""
            some = f" -a '{' '.join(choices)}'" if choices else ""
            if part or some:
                lines.append(f"{when}{part}{some}{' -x' if part and some else ''}")  # -x: and no file
    return "\n".join([*lines, ""])
