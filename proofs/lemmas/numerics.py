"""Family numerics (claims T1, T4): the transformer in floating point computes exactly the numbers of the rational plan.

By induction over the layers, for well-formed sequences of any length: the numbers that enter a sublayer are the plan's.

* *Linear maps, residual sums, read-out*: every weight is a number of the dtype (numerics.dyadic); the terms of every sum are
  multiples of a power of two, and their absolute values add up to at most 2^p of these (numerics.exact), so every partial sum
  is a number of the dtype, whatever the order. ReLU and the softmax scale, a power of two (numerics.dtype), lose nothing.
* *Exponents*: nothing overflows (numerics.finite), nor is any number but 0 below the least normal one (numerics.normal). That
  includes scaled queries and scores, the values that attention mixes, and outputs that nothing reads: 0 times infinity is NaN.
* *Softmax*: scores are integers (numerics.integers, also for a file whose scores are multiples of 1/2), so every score below
  the maximum is 1 or more below it; rounding is monotonic, so the scaled difference is at most -scale, and its exponential is 0
  (numerics.softmax). Positions below the maximum add nothing, and the value of a single winner is returned bit for bit
  (numerics.normaliser).
* *Ties*: a head reads only 0 where several positions may win, and has one winner elsewhere (numerics.ties). Otherwise its mean
  would be inexact, within a bound (numerics.mean): the mean of 41 ones is not 1 in float32.

A file's plan that deviates from a fresh compile may have other winners at positions whose read-out does not count; units and
heads on which no output rests there are left out (``proofs.equivalence.sat_sweeping``). For a head that reads otherwise the
number of winners is shown (numerics.ties of the head).

Rests on: the sorts of the program's nodes (step.sorts; the intervals of the forms to which lowering.layer brings the plan
come from them), attention.lookup (the winners), attention.ties (unique best matches), and of PyTorch on the CPU, *assumed*:

* a matrix product is sums of products of the dtype's numbers in some order, rounded to the dtype or finer at each step, with or
  without fused multiply-add (``float32_matmul_precision`` "highest", the default; no Strassen-like scheme); a number is rounded
  to the nearest as IEEE 754 says where that is normal or 0, and to an infinity where it is 2^top or more (nothing is assumed of
  denormal numbers, which may be flushed to 0; none arise outside the exponential);
* scaled_dot_product_attention takes such sums for the scores; weighs each key by exp(score - m), m being the maximum of all
  scores, or of those met so far, in which case the sums so far are multiplied by exp(old - new); its exp is 1 at 0, at most 1
  below, and 0 where e^x is below 2^-8 of half the least positive number, for every finite x; it divides sums of values so
  weighted by the sum of the weights, which is at least 1, or multiplies by its reciprocal.

numerics.deviation and the like measure the whole of it, on one machine. Nothing is claimed of other devices.

The bounds are those of intervals: where they exceed every dtype the package refuses (numerics.refused). Such a refusal does not
show that an inexact sum occurs, except where the lemma names a match whose score is not a number of float64: that score is
inexact in every order of summation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property, partial
from itertools import product
from math import inf
from typing import Any

from efasp.encoding import CellLayout, LogLayout
from efasp.model.plan import Plan, dyadic
from efasp.model.ranges import SCALE, RangeError, absolute, dtype_for, ranges
from efasp.proofs.equivalence.relational import HeadPair, losers, winners
from efasp.proofs.equivalence.sat_sweeping import Swept
from efasp.proofs.lemmas import numerics_floats, numerics_torch
from efasp.proofs.lemmas.attention_lookups import mixing, names
from efasp.proofs.lemmas.lowering import digest, read, swept
from efasp.proofs.lemmas.numerics_floats import Format
from efasp.proofs.lemmas.numerics_lookups import equal_values, first, one_winner
from efasp.proofs.lemmas.numerics_torch import fractional
from efasp.proofs.obligation import Allowance, Batch, Machine, Obligation, Regime, Searched, Verdict, lemma
from efasp.proofs.symbolic.magnitudes import Reach, Sizes
from efasp.proofs.symbolic.step_definitions import Step
from efasp.sorts import Number
from efasp.syntax import Attention

WIDEST = "float64"
LARGE = 1 << 20  # from this n on torch is compared on more sequences


def weights(plan: Plan) -> Iterator[tuple[str, Number]]:
    """Every number of a plan (of equal rows one), with the matrix that it stands in."""
    matrices = [("token", plan.token), ("place", plan.place), ("out", plan.out)]
    vectors = [("out bias", plan.out_bias)]
    for number, layer in enumerate(plan.layers, 1):
        matrices += [(f"layer {number} up", layer.up), (f"layer {number} down", layer.down)]
        vectors.append((f"layer {number} bias", layer.bias))
        for h, head in enumerate(layer.heads):
            matrices += [(f"layer {number} head {h} {name}", getattr(head, name)) for name in "qkvo"]
    for name, matrix in matrices:
        yield from ((name, value) for row in {id(row): row for row in matrix.rows}.values() for _, value in row)
    for name, vector in vectors:
        yield from ((name, value) for value in vector)


class Numbers:
    """The plan of a machine as numbers of a dtype: the given file's, or the one that is chosen (``None``: it is refused).

    ``sweeping``: the SAT sweeping of a file's plan against a fresh compile, whose bounds count then; None: the plan's alone.
    """

    def __init__(self, regime: Regime, machine: Machine, sweeping: Swept | None = None) -> None:
        self.regime, self.machine, self.sweeping = regime, machine, sweeping
        self.plan, self.given = regime.plan(machine), regime.given is not None
        self.dtype, self.refusal = self.plan.dtype, ""
        self._searched: Searched | None = None
        try:
            self.dtype = self.dtype or dtype_for(self.plan)
        except RangeError as error:
            self.refusal = str(error)

    @property
    def deviates(self) -> bool:
        """Whether the plan is a file's that reads out other forms."""
        reader, alone, excess = read(self.machine, self.plan)
        return self.given and not excess and alone.outputs != reader.outputs

    @cached_property
    def sizes(self) -> Sizes | None:
        """The sizes that follow from the matrices; None where the plan's forms grow too large."""
        reader, alone, excess = read(self.machine, self.plan)
        if excess:
            return None
        if self.sweeping is not None:
            return Sizes(self.sweeping.reader, self.sweeping.executed, self.plan, longest(self.machine))
        return Sizes(reader, (alone,), self.plan, longest(self.machine))

    @property
    def apart(self) -> list[HeadPair]:
        """Heads of a file that read otherwise than a fresh compile's: that they have one winner is shown of each."""
        return self.sweeping.apart if self.sweeping else []

    @cached_property
    def halves(self) -> list[HeadPair]:
        """Heads of a file with scores in halves that read what a fresh compile's do: all that have no integers, or none."""
        sweeping = self.sweeping
        if sweeping is None or self.sizes is None or self.dtype is None:
            return []
        where = {name for name, power in self.sizes.scores.items() if power < 0}
        halved = [head_pair for head_pair in sweeping.head_pairs if f"layer {head_pair.layer}, {head_pair.where}" in where]
        alike = {f"layer {head_pair.layer}, {head_pair.where}" for head_pair in halved}
        for number, h in ((n, h) for n, layer in enumerate(self.plan.layers, 1) for h in range(len(layer.heads))):
            if any(some.heads[number - 1][h].score >= self.sizes.reader.own_scores for some in sweeping.executed):
                alike.discard(f"layer {number}, head {h}")
        return halved if where <= alike and min(self.sizes.scores.values()) == -1 else []

    @property
    def format(self) -> Format:
        """The format of the dtype that is checked, or the widest where none is."""
        return Format(self.dtype or WIDEST)

    def search(self, allowance: Allowance) -> Searched:
        """A sequence on which torch is not exact, if one is found; the search is made once for all obligations."""
        if self._searched is None:
            if self.sizes is None or not self.dtype:
                return Searched(None, "")
            self._searched = numerics_torch.search(self.plan, self.machine, self.dtype, allowance)
        return self._searched

    def fractions(self, allowance: Allowance) -> Searched:
        """A sequence on which a score or a coordinate of a compiled plan is not an integer; else as ``search``."""
        case = None if self.given else fractional(self.plan, self.machine)
        return Searched(case, "exact forward pass") if case else self.search(allowance)

    def undecided(self, reason: str) -> Verdict:
        """The verdict where intervals do not decide: unknown for this reason, unless ``search`` refutes the lemma."""
        return Verdict("unknown", reason)

    # The obligations.

    def checks(self, step: Step) -> dict[str, Callable[[], Verdict]]:
        """The checks of the plan's numbers that need no solver, by lemma."""
        by_name: dict[str, Callable[[], Verdict]] = {"dyadic": self.dyadic, "integers": self.integers}
        if self.given or self.dtype:
            by_name |= {"exact": self.exact, "finite": self.finite, "normal": self.normal, "ties": partial(self.ties, step)}
        else:
            by_name["refused"] = partial(self.refused, step)
        return by_name if self.given else {**by_name, "ranges": self.ranges}

    def doubt(self, step: Step) -> str:
        """The reason of the first of ``checks`` that does not prove its lemma; "" where all do."""
        if self.sizes is None:
            return read(self.machine, self.plan)[2]
        for check in self.checks(step).values():
            verdict = check()
            if verdict.status != "proved":
                return verdict.method + "".join(f", {key} {value}" for key, value in (verdict.countermodel or {}).items())
        return ""

    def comparisons(self) -> Iterator[Obligation]:
        """For heads of a file that differ from the fresh compile's: obligations for a solver about their winners."""
        scope = f"w = {self.machine.word}, {self.dtype}, given the sorts, well-formed sequences"
        for shown, head_pairs in ((losers, self.halves), (winners, self.apart)):
            for head_pair in head_pairs:
                assert self.sizes is not None
                yield replace(shown(self.sizes.reader, head_pair, self.machine, scope), search=self.search)

    def dyadic(self) -> Verdict:
        """Every weight is a number of the dtype; of a plan that is refused, an integer over a power of two."""
        form, small = self.format, 1 << 20
        for name, value in weights(self.plan):
            if not (type(value) is int and -small < value < small) and not (form.holds(value) if self.dtype else dyadic(value)):
                return Verdict("refuted", "exact arithmetic", {"matrix": name, "weight": str(value), "dtype": self.dtype})
        return Verdict("proved", f"exact arithmetic{', ' * bool(self.dtype)}{self.dtype or ''}")

    def integers(self) -> Verdict:
        """Scores are integers. Each coordinate is a multiple of a power of two, of 1 where the plan names the coordinate."""
        if self.sizes is None:
            return GROWN
        least = min((span.power for h in self.sizes.residual for span in h), default=inf)
        low = min(self.sizes.scores.values(), default=inf)
        if (low >= 0 or self.halves) and least > -inf and (least >= 0 or self.given):
            heads = f"{len(self.sizes.scores)} heads" + (f", {len(self.halves)} with scores in halves" if self.halves else "")
            return Verdict("proved", f"forms and sorts: {heads}; coordinates hold multiples of 2^{least}")
        reason = f"scores are multiples of 2^{low}, coordinates of 2^{least}, as far as sorts say"
        return self.undecided(reason)

    def ranges(self) -> Verdict:
        """The intervals and ranges from which the package chooses the dtype contain those that the matrices imply."""
        if self.sizes is None:
            return GROWN
        for sublayer, spans in enumerate(self.sizes.residual):
            for coordinate, ((low, high), span) in enumerate(zip(self.plan.held(sublayer), spans, strict=True)):
                if not low <= span.low <= span.high <= high:
                    case = {"coordinate": coordinate, "after sublayer": sublayer, "stated": f"{low} to {high}"}
                    return Verdict("refuted", INTERVALS, {**case, "may hold": f"{span.low} to {span.high}"})
        stated = {r.where: r.bound for r in ranges(self.plan)}
        for here in self.sizes.sums:
            if here.required_significand > stated.get(here.where, -1):
                case = {"sum": here.where, "row": here.row, "of absolute terms": here.size, "multiples of": f"2^{here.power}"}
                return Verdict("refuted", INTERVALS, {**case, "stated at most": stated.get(here.where, "nothing")})
        steps = {r.where: r.denominator for r in ranges(self.plan)}
        for some in self.sizes.reaches:
            if some.where in steps and some.low < 1 - steps[some.where].bit_length():
                case = {"sum": some.where, "multiples of": f"2^{some.low}"}
                return Verdict("refuted", INTERVALS, {**case, "stated of": f"1/{steps[some.where]}"})
        return Verdict("proved", f"{INTERVALS}: {len(stated)} sums, {self.plan.width} coordinates")

    def exact(self) -> Verdict:
        """Every partial sum is a number of the dtype."""
        if self.sizes is None:
            return GROWN
        form, worst = self.format, self.sizes.worst
        if worst.required_significand > 1 << form.digits:
            most = f"{worst.where}: sums up to {worst.required_significand}"
            return self.undecided(f"{most}, in {form.dtype} they are exact to 2^{form.digits}")
        return Verdict("proved", f"{INTERVALS}: sums <= {worst.required_significand} ({worst.where}), {form.dtype}")

    def overflow(self) -> str:
        """Why some product, partial sum, scaled query or score, or mixture of values may be an infinity; empty if none is."""
        assert self.sizes is not None
        form, most = self.format, max(self.sizes.reaches, key=self.scaled)
        return f"{self.largest}; {form.dtype} ends at 2^{form.top}" if self.scaled(most) >= 1 << form.top else ""

    @property
    def largest(self) -> str:
        """The largest bound of a number, and its place."""
        assert self.sizes is not None
        most = max(self.sizes.reaches, key=self.scaled)
        return f"{most.where}: numbers below 2^{int(self.scaled(most)).bit_length()}, of up to {self.sizes.positions} positions"

    def scaled(self, here: Reach) -> Number:
        """The largest bound of a number, softmax's scale included."""
        return here.top * SCALE[self.format.dtype] if here.scaled else here.top

    def denormal(self) -> str:
        """Why some weight, product or partial sum may be less than the least normal number, and not 0; empty if none is."""
        assert self.sizes is not None
        form, least = self.format, self.sizes.smallest_reach
        begin = f"normal numbers begin at 2^{form.normal}"
        for name, value in weights(self.plan):
            if value and absolute(value) < Fraction(2) ** form.normal:
                return f"{name}: a weight is {float(value)}; {begin}"
        if least.low < form.normal:
            return f"{least.where}: multiples of 2^{least.low}; {begin}"
        return f"shares of {self.sizes.positions} positions; {begin}" if self.sizes.positions > 1 << -form.normal else ""

    def finite(self) -> Verdict:
        """Nothing is as large as the dtype's infinity."""
        if self.sizes is None:
            return GROWN
        reason = self.overflow()
        return self.undecided(reason) if reason else Verdict("proved", f"{INTERVALS}: {self.largest}")

    def normal(self) -> Verdict:
        """Whatever is not 0 is as large as the dtype's least normal number."""
        if self.sizes is None:
            return GROWN
        reason, least = self.denormal(), self.sizes.smallest_reach
        return (
            self.undecided(reason) if reason else Verdict("proved", f"{INTERVALS}: multiples of 2^{least.low} ({least.where})")
        )

    def refused(self, step: Step) -> Verdict:
        """The sums' bound exceeds the widest dtype, and no dtype is chosen; also a score outside it, if there is one."""
        if self.sizes is None:
            return GROWN
        form, worst = self.format, self.sizes.worst
        if worst.required_significand <= 1 << form.digits:
            most = {"sum": worst.where, "at most": worst.required_significand}
            return Verdict("refuted", INTERVALS, {**most, "refused": self.refusal})
        method = f"{INTERVALS}: {worst.where} bounded by {worst.required_significand}, over 2^{form.digits}"
        for name in names(step):
            score = first(step, name)
            if score is not None and not form.holds(score):
                how = f"{name} of a store by processor 0 scores {score}, which is not a number of {form.dtype}"
                return Verdict("proved", f"{method}; necessary: {how}")
        return Verdict("proved", f"{method}; not known to be necessary")

    def ties(self, step: Step) -> Verdict:
        """Every head reads 0 wherever more than one position may win, or is a lookup that one position wins."""
        if self.sizes is None:
            return GROWN
        stream, reader = self.sizes.stream, self.sizes.reader
        sink = stream.code("te", step.te.slots["bos"].start)
        nodes = [step.of[name] for name in mixing(step) + equal_values(step)]
        alone, zeros = {reader.lookups[node.q, node.k] for node in nodes if isinstance(node, Attention)}, 0
        for some, number in product(self.sizes.executed, range(1, len(self.plan.layers) + 1)):
            heads = zip(self.plan.layers[number - 1].heads, some.heads[number - 1], strict=True)
            for h, (head, known) in enumerate(heads):
                used = {column for row in head.o.rows for column, _ in row}
                values = [form for place, form in enumerate(known.v) if place in used]
                if known.score < 0 or all(not form.constant and set(form.terms) <= set(sink.terms) for form in values):
                    zeros += 1
                elif known.score not in alone and not any(
                    head_pair.where == f"head {h}" for head_pair in self.apart if head_pair.layer == number
                ):
                    return self.undecided(f"layer {number}, head {h}: several may win, and the value read of them is not 0")
        return Verdict("proved", f"forms: {zeros} heads read the sink's flag alone, others have one winner")


GROWN = Verdict("unknown", "too many terms")
INTERVALS = "interval arithmetic"


def longest(machine: Machine) -> int:
    """The most positions of a sequence of a machine: of P, M, L = 2^w, and in the log of every time that the clock holds; of a
    machine that is specialised to a program, which its prompt lacks, of L = 0."""
    size = 1 << machine.word
    length = size if machine.code is None else 0
    if machine.engine == "apmdm":
        return CellLayout(machine.word, machine.extension, size, size, length).context_length
    layout = LogLayout(machine.word, machine.extension, size, size, length)
    return layout.context_length(layout.latest)


# The lemmas.

GIVEN = ("dyadic", "integers", "exact", "finite", "normal", "ties", "deviation")
COMPILED = (*GIVEN, "ranges", "refused")
# The lemma that a refused machine has instead; refusals are known when the machines are compiled.
UNMADE = ("exact", "finite", "normal", "ties", "deviation")
REFUSED = {**{f"numerics.{name}": "numerics.refused" for name in UNMADE}, "numerics.refused": "numerics.exact"}


@lemma
def machines(regime: Regime) -> Iterator[Batch]:
    """The transformers at every word width that n takes: exact in their dtype, or refused."""
    for machine in regime.transformers():
        lemmas = tuple(f"numerics.{name}" for name in (GIVEN if regime.given else COMPILED))
        yield Batch(lemmas, machine.params, partial(about, regime, machine), {} if regime.given else REFUSED)


def judged(alone: Numbers, step: Step) -> Numbers:
    """The numbers of a plan by its own bounds, where these decide; else, of a plan that deviates, next to a fresh compile's."""
    if not alone.deviates or not alone.doubt(step):
        return alone
    return Numbers(alone.regime, alone.machine, swept(alone.machine, alone.plan))


def about(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligations about one machine's numbers."""
    step = Step(machine)
    numbers = judged(Numbers(regime, machine), step)
    plan = numbers.plan
    parts = (plan.token, plan.place, *plan.layers, plan.out)
    content = f"{numbers.dtype} {' '.join(map(digest, parts))} {plan.out_bias}"
    for name, check in numbers.checks(step).items():
        params: dict[str, Any] = {**machine.params, **({"of": "heads"} if name == "ties" else {})}
        sorts = "" if name == "dyadic" else ", given the sorts"
        scope = f"w = {machine.word}, {numbers.dtype or 'no dtype'}{sorts}"
        searched = dict.fromkeys(("exact", "finite", "normal", "ties"), numbers.search)
        search = {"integers": numbers.fractions, **searched}.get(name)
        content_of = f"{name} {content}"
        yield Obligation(f"numerics.{name}", machine.claim, params, scope, machine.n, "exact", content_of, check, search=search)
    yield from numbers.comparisons()
    if numbers.given or numbers.dtype:
        yield from one_winner(step)
    if numbers.dtype:
        few = numerics_torch.MANY if numbers.given or regime.n_max >= LARGE else numerics_torch.FEW
        yield numerics_torch.of(plan, machine, numbers.dtype, machine.n, few, content)


@lemma
def dtypes(regime: Regime) -> Iterator[Batch]:
    """The arithmetic of the dtypes: integers, the exponential, a lone winner, means; and that a plan too large is refused."""
    yield Batch(
        tuple(f"numerics.{name}" for name in numerics_floats.NAMES), {}, partial(numerics_floats.arithmetic, regime.all_n)
    )


@lemma
def measurements(regime: Regime) -> Iterator[Batch]:
    """Torch's softmax attention by itself; and its float64 against an exact plan, if no machine of the regime has it."""
    yield Batch(
        tuple(f"numerics.{name}" for name in numerics_torch.NAMES), {}, partial(numerics_torch.measurements, regime.all_n)
    )
    if regime.given is None and max(word for word, _ in regime.widths()) < numerics_torch.WIDE:  # no float64 otherwise
        for machine in numerics_torch.wide():
            yield Batch(("numerics.deviation",), machine.params, partial(numerics_torch.widened, machine, regime.all_n))
