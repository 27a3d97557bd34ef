"""The PRAM: machine, assembler, library of programs, and its step in E-FASP."""
