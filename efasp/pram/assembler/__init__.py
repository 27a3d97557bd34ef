"""The assembler and disassembler of `.pram` files, and the reader of `--data` files (docs/assembly.md).

Two passes, for the width of a word may be set after its use: ``parser`` reads lines, which ``lexer`` cuts into tokens, into a
``Listing`` (syntax alone); ``resolver`` gives every name its number and every number its word. ``data`` reads initial memory
from JSON, ``disassembler`` writes programs, ``program`` joins the passes, ``source`` holds what all share: places, errors.
Whatever the text, the only error is AssemblyError.
"""

from efasp.pram.assembler.data import Data, parse_data, parse_data_file
from efasp.pram.assembler.disassembler import disassemble
from efasp.pram.assembler.parser import DIRECTIVES, MNEMONICS
from efasp.pram.assembler.program import Options, assemble, assemble_file
from efasp.pram.assembler.source import MAX_BYTES, AssemblyError
from efasp.pram.machine import MAX_MEMORY

__all__ = [
    "DIRECTIVES",
    "MAX_BYTES",
    "MAX_MEMORY",
    "MNEMONICS",
    "AssemblyError",
    "Data",
    "Options",
    "assemble",
    "assemble_file",
    "disassemble",
    "parse_data",
    "parse_data_file",
]
