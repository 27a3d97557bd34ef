"""Commands on programs of E-FASP: texts in `.efasp` files, or programs of Python."""
