"""Obligations: the propositions to decide, as data. A lemma is a function that returns them.

No verdict comes from a lemma's own code: where it asks Z3 which candidates to state (``proofs.equivalence.pruning``), each that
it states is an obligation like any other.

SMT obligations are SMT-LIB 2 text (``proofs.smtlib``): hypotheses and the negated goal; the checker gives them to solvers,
which must find no model. Other kinds carry a function that discharges them: by trying every case, by exact rational arithmetic,
by polynomial identities, or by a numeric run (which is ``measured``, never ``proved``).

Obligations come in batches: a batch is cheap to list, and builds its obligations (which may compile a transformer) in a
worker process, in the same order every time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Literal, NamedTuple, TypeVar

from efasp.model.compile import ENGINES, compile_machine, step_of
from efasp.model.plan import Plan
from efasp.places import clock_bits
from efasp.pram.isa import EXTENSIONS, Code
from efasp.proofs.counts import Count, miscounted
from efasp.syntax import Program

Status = Literal["proved", "refuted", "unknown", "timeout", "vacuous", "measured", "error"]
STATUSES: tuple[Status, ...] = ("proved", "refuted", "unknown", "timeout", "vacuous", "measured", "error")
Kind = Literal["smt", "exact", "exhaustive", "polynomial", "measurement"]
CASES = 1 << 20  # an exhaustive check of more cases than this is not tried: its obligation stays unknown

# A solver's model: for every declared constant an int, Fraction or bool; for a function its "(lambda ((x Int)) ...)".
Assignment = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How an obligation ended. ``countermodel``: the first case that fails, in the terms of the lemma."""

    status: Status
    method: str
    countermodel: dict[str, Any] | None = None


class Undecided(Exception):
    """Raised by a replay where it is not decided whether the construction reaches a model: the model refutes nothing."""


def undecided(model: Assignment) -> None:
    """The replay of an obligation whose hypotheses also unreachable states satisfy. Raises Undecided."""
    raise Undecided("a model, but perhaps of no sequence that there is")


class Allowance(NamedTuple):
    """The budget of a search for a countermodel, in seconds.

    ``seconds``: the obligation's whole budget, by which a search chooses how many cases it tries, so that its result does
    not depend on the clock; ``left``: the rest of it, within which the search ends in any case.
    """

    seconds: float
    left: float


class Searched(NamedTuple):
    """The result of a search: its countermodel, or None; its method; ``nothing``: the cases in which it found none."""

    case: dict[str, Any] | None
    method: str
    nothing: str = ""


Item = TypeVar("Item")


def within(items: Iterable[Item], seconds: float) -> Iterator[Item]:
    """Items as long as there is time: none is begun that would take too long if it took twice as long as any so far."""
    start, longest, source = monotonic(), 0.0, iter(items)
    while (begun := monotonic()) - start + 2 * longest < seconds:
        for item in source:
            yield item
            break
        else:
            return
        longest = max(longest, monotonic() - begun)


@dataclass(frozen=True)
class Obligation:
    """One proposition to decide.

    ``claim``: the paper's claim that it serves; ``scope``: the values for which it is shown ("all n", "n <= N", "exhaustive at
    w = 5", "measured"); ``n``: the first and last n for which it stands; ``content``: the proposition, as text (of an SMT
    obligation its script); ``discharge`` gives the verdict of every other kind, deterministically. ``replay`` takes a solver's
    model of a refuted SMT obligation to the construction itself and gives the failure there, in the machine's terms, or None if
    the construction is right there; it raises Undecided where that is not decided. ``search`` looks for a countermodel of an
    obligation that stays unknown, once the reason is known: a case that it finds refutes, and the method says where it found
    none. ``cites``: ids of the conclusions (``proofs.conclusions``) that are assumed; ``concludes``: of those that it states;
    ``stated``: how many instances of these a script states; ``telling``: of either, in a script, whether the formula there says
    anything, or is true by its form alone; ``assumed``: citations of results that are not shown here.

    Every case that the goal of an SMT obligation distinguishes (``checker.vacuity``) must have a model. ``infeasible``: terms
    that have none, which is checked too; a case whose conditions include those of such a term is excused. ``ways``: where the
    cases of the goal are the ways through a function (``proofs.symbolic.machine.paths``), many of which are infeasible,
    the number of the feasible ones. ``admits``: cases over which the statement quantifies, each with a condition that encloses
    it; the hypotheses must have a model there, if they have one under that condition (``proofs.symbolic.ends``).
    ``assumptions``: lines of the script that assume other lemmas' conclusions, where the goal must rest on them: if it followed
    without them all, a definition would say what was to be shown.
    """

    lemma: str
    claim: str
    params: dict[str, Any]
    scope: str
    n: tuple[int, int]
    kind: Kind
    content: str
    discharge: Callable[[], Verdict] | None = field(default=None, compare=False)
    hypotheses: str = field(default="", compare=False)  # the script without its goal, which must have a model
    replay: Callable[[Assignment], dict[str, Any] | None] | None = field(default=None, compare=False)
    cites: tuple[str, ...] = field(default=(), compare=False)
    concludes: tuple[str, ...] = field(default=(), compare=False)
    telling: Mapping[str, bool] = field(default_factory=dict, compare=False)
    stated: int = field(default=0, compare=False)
    assumed: tuple[str, ...] = field(default=(), compare=False)
    infeasible: tuple[str, ...] = field(default=(), compare=False)
    ways: int | None = field(default=None, compare=False)
    admits: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    assumptions: tuple[str, ...] = field(default=(), compare=False)
    search: Callable[[Allowance], Searched] | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """Lemma and parameters, as text."""
        return named(self.lemma, self.params)

    @property
    def hash(self) -> str:
        """SHA-256 of the content, shortened to 16 digits: equal scripts have one hash, under any id."""
        named = self.content if self.kind == "smt" else f"{self.id}\n{self.content}"
        return hashlib.sha256(f"{self.kind}\n{named}".encode()).hexdigest()[:16]


def named(lemma: str, params: Mapping[str, Any]) -> str:
    """A lemma with parameters, as text."""
    return f"{lemma}[{','.join(f'{key}={value}' for key, value in params.items())}]"


@dataclass(frozen=True)
class Batch:
    """Obligations that are built together: the lemmas that they belong to, their common parameters, and how to build them.

    Every lemma is promised: the batch gives an obligation of it, or, where ``instead`` names another, of that one; and as many
    as there are cases of the specification's tables (``proofs.counts``).
    """

    lemmas: tuple[str, ...]
    params: dict[str, Any]
    build: Callable[[], Iterator[Obligation]] = field(compare=False)
    instead: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """Lemmas and parameters of the batch, as text."""
        return f"{' '.join(self.lemmas)} {json.dumps(self.params)}"

    def lacking(self, given: Mapping[str, Count]) -> dict[str, str]:
        """The promised lemmas of which it gave no obligation or not every one, each with the difference in words.

        ``given``: the lemmas of all that it gave (``tally``).
        """
        mismatches = {name: miscounted(name, self.params, given[name]) for name in self.lemmas if name in given}
        none = [name for name in self.lemmas if name not in given and self.instead.get(name) not in given]
        wrong = mismatches | dict.fromkeys(none, "it gave no obligation")
        return {name: wrong[name] for name in self.lemmas if wrong.get(name)}


def tally(obligations: Iterable[Obligation]) -> dict[str, Count]:
    """How many obligations there are of each lemma, and how many instances of conclusions they state."""
    counts: dict[str, Count] = {}
    for obligation in obligations:
        add(counts, obligation)
    return counts


def add(given: dict[str, Count], obligation: Obligation) -> None:
    """Count one obligation in ``given``, under its lemma."""
    obligations, stated = given.get(obligation.lemma, Count(0, 0))
    given[obligation.lemma] = Count(obligations + 1, (stated or 0) + obligation.stated)


@dataclass(frozen=True)
class Machine:
    """One universal machine: word width, engine and extension, and the n for which it is the machine of the regime.

    ``code``: the program to which the machine is specialised, or None of the universal one.
    """

    word: int
    engine: str
    extension: str
    n: tuple[int, int]
    code: Code | None = None

    @property
    def step(self) -> Program:
        """The machine's step as a program of E-FASP."""
        return step_of(self.word, self.engine, self.extension, self.code)

    @property
    def fresh(self) -> Plan:
        """The layer plan that its step compiles to."""
        return compile_machine(self.word, self.engine, self.extension, self.code)

    @property
    def universal(self) -> Machine:
        """The machine that runs every program."""
        return replace(self, code=None)

    @property
    def claim(self) -> str:
        """The claim of the paper that it realises."""
        return {"mdm": "T1", "apmdm": "T4"}[self.engine]

    @property
    def shape(self) -> str:
        """The programs for which results about its sequences hold: all that fit the places of its layout."""
        end = f"T < 2^{clock_bits(self.word)}" if self.engine == "mdm" else "all T"
        return f"all P, M, L <= 2^w, {end}" if self.code is None else f"the program, all P, M <= 2^w, {end}"

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the obligations about this machine."""
        known = {"w": self.word, "engine": self.engine, "ext": self.extension or "none"}
        return known if self.code is None else {**known, "code": digest(self.code)}


@dataclass(frozen=True)
class Regime:
    """The scope of a check: n from 1 to ``n_max``, and the transformers, compiled or the one given (a weights file's).

    ``kernel``: whether the obligations of family kernel are among those of the check, which need Rocq.

    The regime is P = n, M = n, T = n, and the word is as narrow as that allows.
    """

    n_max: int
    given: tuple[Machine, Plan] | None = None
    kernel: bool = False

    def widths(self) -> Iterator[tuple[int, tuple[int, int]]]:
        """The word widths that n = 1..N takes, each with the n for which it stands."""
        if self.given is not None:
            yield self.given[0].word, self.given[0].n
            return
        for word in range(5, narrowest_word(self.n_max) + 1):
            yield word, (1 if word == 5 else (1 << word - 1) + 1, min(self.n_max, 1 << word))

    def machines(self) -> Iterator[Machine]:
        """The universal machines of these widths: both engines, without and with the extension."""
        if self.given is not None:
            yield from [self.given[0]] * (self.given[0].code is None)
            return
        for word, n in self.widths():
            for engine in ENGINES:
                for extension in EXTENSIONS:
                    yield Machine(word, engine, extension, n)

    def transformers(self) -> Iterator[Machine]:
        """The machines whose transformers are judged by themselves: ``machines``, or one that is specialised to a program."""
        return iter([self.given[0]]) if self.given is not None else self.machines()

    def plan(self, machine: Machine) -> Plan:
        """The transformer of a machine: the given one's own numbers, or a fresh compile."""
        return self.given[1] if self.given is not None else machine.fresh

    @property
    def all_n(self) -> tuple[int, int]:
        """The n of an obligation that does not depend on n."""
        return 1, self.n_max


Lemma = Callable[[Regime], Iterator[Batch]]
LEMMAS: list[Lemma] = []


def lemma(build: Lemma) -> Lemma:
    """Register a function from the regime to the batches of one or more lemmas; its docstring summarises their statements."""
    LEMMAS.append(build)
    return build


def digest(code: Code) -> str:
    """A name for a program: SHA-256 of its instructions, shortened."""
    return hashlib.sha256(repr(code).encode()).hexdigest()[:8]


def narrowest_word(n: int) -> int:
    """The word of the regime P = n, M = n, T = n: as narrow as addresses and ids allow, 5 bits at least."""
    return max(5, (n - 1).bit_length())


def exhaustive(cases: int, failures: Callable[[], Iterator[dict[str, Any]]]) -> Callable[[], Verdict]:
    """Discharge by trying every case; ``failures`` yields those that fail."""

    def discharge() -> Verdict:
        if cases > CASES:
            return Verdict("unknown", f"exhaustion: {cases} cases are more than {CASES}")
        first = next(failures(), None)
        return Verdict("refuted" if first else "proved", f"exhaustion: {cases} cases", first)

    return discharge
