"""Mutants: constructions broken on purpose."""
