"""The names that an E-FASP program is written with: primitives, derived operators, codebooks, exact evaluation, the printer."""

from efasp.attention import (
    exact_match,
    gather,
    match_or_default,
    priority_match,
    rightmost_match,
    seq_and,
    seq_max,
    seq_mean,
    seq_min,
    seq_or,
    seq_sum,
)
from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import positions, tokens
from efasp.evaluate import evaluate, place_rows
from efasp.operators import OPERATORS
from efasp.pointwise import (
    add,
    all_,
    and_,
    any_,
    choose,
    equal,
    equals,
    gate,
    if_else,
    increment,
    less,
    mul,
    not_,
    one_hot,
    or_,
    select,
    shift_left,
    shift_left_by,
    shift_right,
    shift_right_by,
    sub,
    threshold,
    xor,
)
from efasp.printer import show
from efasp.selections import selector
from efasp.sequences import (
    count_where,
    kth,
    mean_where,
    most_frequent,
    prefix_mean,
    prefix_sum,
    selector_width,
    shift,
    sort_by,
    token,
)
from efasp.syntax import Node, Program, affine, aha, combine, concat, refine, relu, take, weigh

__all__ = [
    "OPERATORS", "Codebook", "Field", "Kind", "Node", "Program", "add", "affine", "aha", "all_", "and_", "any_",
    "choose", "combine", "concat", "count_where", "equal", "equals", "evaluate", "exact_match", "gate",
    "gather", "if_else", "increment", "kth", "less", "match_or_default", "mean_where", "most_frequent", "mul",
    "not_", "one_hot", "or_", "place_rows", "positions", "prefix_mean", "prefix_sum", "priority_match",
    "refine", "relu", "rightmost_match", "select", "selector", "selector_width", "seq_and", "seq_max",
    "seq_mean", "seq_min", "seq_or", "seq_sum", "shift", "shift_left", "shift_left_by", "shift_right",
    "shift_right_by", "show", "sort_by", "sub", "take", "threshold", "token", "tokens", "weigh", "xor",
]  # fmt: skip
