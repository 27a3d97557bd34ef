"""The closed forms of the width of Masked-ARMs against compiled plans, and the bits of a position."""

from __future__ import annotations

from math import ceil, log2

import pytest

from efasp.masked_arm import Decoder, masked_arm
from efasp.masked_examples import MASKED_EXAMPLES
from efasp.model.compile import STEPS, codebooks, compile_machine
from efasp.model.lower import lower
from efasp.model.masked_arm_forms import BITS, WORDS, bits, bound, log_width, tree_width


@pytest.mark.parametrize("b", [2, 9, 31, 64])
@pytest.mark.parametrize("name", MASKED_EXAMPLES)
def test_trees_have_their_width(name: str, b: int) -> None:
    """Also at more bits than the example's own places have."""
    decoder = MASKED_EXAMPLES[name].decoder
    width = lower(masked_arm(decoder, b).program).width
    assert width == tree_width(name, b) <= bound(lower(decoder.program).width, b)


@pytest.mark.parametrize(("word", "extension", "b"), [(5, "", 2), (7, "M", 33), (11, "", 64), (20, "M", 10), (20, "", 64)])
def test_logs_have_their_width(word: int, extension: str, b: int) -> None:
    """With and without the extension, at the ends of the range of words and bits for which the forms are stated and within."""
    assert BITS[0] <= b <= BITS[1] and WORDS[0] <= word <= WORDS[1]
    decoder = Decoder(STEPS["mdm"](word, extension), *codebooks(word, "mdm", extension))
    width = lower(masked_arm(decoder, b).program).width
    assert width == log_width(word, extension, b) <= bound(compile_machine(word, "mdm", extension).width, b)


def test_the_forms_end() -> None:
    """Beyond their range they do not hold, which is why they have one."""
    decoder = Decoder(STEPS["mdm"](5, ""), *codebooks(5, "mdm", ""))
    assert lower(masked_arm(decoder, 128).program).width > log_width(5, "", 128)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 9, 1 << 20, (1 << 20) + 1])
def test_bits_of_a_position(length: int) -> None:
    """As few as name every position, and two at least."""
    assert bits(length) == max(2, ceil(log2(length)))
