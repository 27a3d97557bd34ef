"""The serial machine of claim T2 as a program: one PRAM processor that decodes any layer plan by masked diffusion.

``decoder`` has one text for every plan; ``numbers`` makes the plan's numbers integers; ``program`` writes them before the text.
"""

from efasp.model.serial_program.decoder import DECODER
from efasp.model.serial_program.numbers import Numbers
from efasp.model.serial_program.program import SerialProgram, Sizes, serial_program

__all__ = ["DECODER", "Numbers", "SerialProgram", "Sizes", "serial_program"]
