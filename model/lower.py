"""Lowering: an E-FASP program to a layer plan. Reads as the passes it makes, which are the modules of ``model.lowering``.

A program in residual form is written as layers, and is lowered to these (``model.residual_form``). Any other:

1. ``forms`` flattens the graph: every ReLU unit and every head output is a *scalar*, every input of one an affine *form*
   over scalars. Equal units and equal heads are the same scalar, so common subexpressions are shared; affine maps vanish
   into the forms, which become rows of the projections.
2. ``merge``: scalars that occur in all forms in one proportion share a residual coordinate (the two units of a threshold,
   the gated options of a choice, operands of which one is 0): the residual stream adds them up.
3. ``schedule`` puts every unit and head on a sublayer, as early as its inputs allow or later where that saves coordinates;
4. and gives coordinates: one whose value nothing reads any more is erased by a feed-forward block and used again.
5. ``emit`` writes the matrices.
"""

from __future__ import annotations

from efasp.model.lowering.emit import PLAIN, Emitter
from efasp.model.lowering.forms import Forms
from efasp.model.lowering.merge import cluster, merge
from efasp.model.lowering.schedule import Schedule, allocate
from efasp.model.plan import Plan
from efasp.model.residual_form import read
from efasp.syntax import Program

__all__ = ["PLAIN", "flattened", "lower"]


def lower(program: Program) -> Plan:
    """Compile a closed program. Raises SortError for one with free parameters or two embeddings of a kind."""
    written = read(program)
    return flattened(program) if written is None else written


def flattened(program: Program) -> Plan:
    """Compile a closed program by the passes, whatever its form. Raises SortError as ``lower``."""
    forms = Forms(program)
    forms.items = cluster(forms.items)
    demands = [form for item in forms.items for form in item.reads] + forms.outputs
    groups, group_of = merge(forms, demands)
    schedule = Schedule(forms, groups, group_of)
    width, erasures = allocate(schedule)
    return Emitter(program, forms, groups, group_of, schedule, width, erasures).plan()
