"""E-FASP: the language, its evaluation, and the PRAM written in it."""
