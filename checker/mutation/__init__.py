"""Runs mutants: of constructions, of operators in the sources, of weights, of hypotheses."""
