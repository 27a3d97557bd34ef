"""RASP files as the commands take them: their operators by name, on a text or compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from efasp.checker.errors import UsageError
from efasp.language.lexer import LanguageError
from efasp.language.module import Module, TextError
from efasp.pram.assembler.source import AssemblyError, nearest
from efasp.rasp import graph
from efasp.rasp.interpreter import letters, read_file
from efasp.rasp.possible import MAX_CONTEXTS
from efasp.rasp.selectors import BY_PLACE, Selecting
from efasp.rasp.translate import Translation, longest_compiled, translate

LONGEST = 7  # letters, unless --max-length says otherwise
Operators = Mapping[str, graph.Sequence | graph.Selector]


@dataclass(frozen=True)
class Texts:
    """The texts that an operator is compiled for: alphabet and largest number of letters, or None for the usual ones."""

    alphabet: str | None = None
    longest: int | None = None

    def texts_of(self, module: Module) -> Texts:
        """These texts, with those of a compiled program in place of what is None."""
        alphabet = self.alphabet if self.alphabet is not None else module.join(module.letters)
        return Texts(alphabet, self.longest if self.longest is not None else module.longest)


def is_rasp(file: str) -> bool:
    """Whether a file holds RASP: its name ends in .rasp."""
    return file.endswith(".rasp")


def operators(file: str) -> Operators:
    """The operators of a file, by name. Raises UsageError."""
    try:
        return read_file(file).operators
    except AssemblyError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from None


def chosen(file: str, name: str | None, known: Operators, kinds: str = "a sequence operator or a selector") -> str:
    """The name of an operator: by default that of the last sequence operator. Raises UsageError, with the ``kinds`` that are
    expected."""
    if name is None:
        last = [key for key, value in known.items() if isinstance(value, graph.Sequence)]
        if not last:
            raise UsageError(f"{file}: expected a sequence operator with a name, found none")
        return last[-1]
    if name not in known:
        raise UsageError(f"--name: expected {kinds} of {file}, found {name!r}{nearest(name, known)}")
    return name


def evaluated(file: str, name: str | None, text: str) -> tuple[str, list[Any]]:
    """The name and the values of an operator of a file on a text. Raises UsageError."""
    known = operators(file)
    wanted = chosen(file, name, known)
    try:
        return wanted, graph.evaluate(known[wanted], text)
    except TextError as error:
        raise UsageError(f"--on: {error}") from None
    except LanguageError as error:
        raise UsageError(str(error)) from None


def translated(file: str, name: str | None, texts: Texts) -> Translation:
    """A sequence operator of a file as a program of E-FASP. Raises UsageError where it is not compiled."""
    all_operators = operators(file)
    named = {key: value for key, value in all_operators.items() if isinstance(value, graph.Sequence)}
    if name in all_operators and name not in named:
        known = "efasp eval shows its values; a transformer is made of a sequence operator that reads it"
        raise UsageError(f"--name: expected a sequence operator of {file}, found {name}, which is a selector ({known})")
    wanted = chosen(file, name, named, "a sequence operator")
    node = named[wanted]
    alphabet = letters(file) if texts.alphabet is None else texts.alphabet
    if len(set(alphabet)) < len(alphabet) or not alphabet or not alphabet.isprintable():
        raise UsageError(f"--alphabet: expected letters that differ and that print, found {alphabet!r}")
    longest = texts.longest or LONGEST
    if longest > (most := longest_compiled(len(alphabet))):
        flag, count = ("--max-length", longest) if most else ("--alphabet", len(alphabet))
        limit = f"{most} with {len(alphabet)} letters" if most else f"{MAX_CONTEXTS} letters"
        why = f"letter, position and length of a text make at most {MAX_CONTEXTS} cases"
        raise UsageError(f"{flag}: expected at most {limit}, found {count} ({why})")
    try:
        return translate(wanted, node, named, alphabet, longest, file)
    except TextError as error:
        raise UsageError(f"{file}: --alphabet {alphabet!r}, --max-length {longest}: {error}") from None
    except LanguageError as error:
        raise UsageError(str(error)) from None


def described(translation: Translation) -> list[str]:
    """A line on the texts, and one a selector: how it is compiled, and whether longer texts need a wider transformer."""
    module = translation.module
    out = [f"letters {module.join(module.letters)!r}, texts of up to {module.longest} letters"]
    out += [f"{_where(form)}: {_form(form, module.longest or 0)}" for form in translation.selectors]
    if translation.mixed:
        other = ", ".join(map(graph.described, translation.mixed))
        out.append(f"{other} may be a value of {module.program.name}, beside letters: no letter is read there")
    return out


def _where(form: Selecting) -> str:
    error = form.node.failure("")
    at = f"{error.file}:{error.line}:{error.column}: " if isinstance(error, AssemblyError) else ""
    return f"{at}{form.node.name}"


def _form(form: Selecting, longest: int) -> str:
    if form.form == BY_PLACE:
        return "by place, O(log n)"
    if form.grows:
        return f"by value, O(n): {_classes(form.width)} of values, {form.shorter} for texts of up to {longest // 2} letters"
    return f"by value, O(1): {_classes(form.width)} of values" if form.width else "all keys, O(1)"


def _classes(count: int) -> str:
    return f"{count} class{'es' * (count != 1)}"
