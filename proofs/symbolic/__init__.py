"""Symbolic readings: constructions, plans, machines and sequences as terms of a script."""
