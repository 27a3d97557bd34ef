"""Weights files that differ from the fresh compile: observational equivalence."""
