"""Commands on E-FASP programs: texts in `.efasp` files, or programs in Python."""
