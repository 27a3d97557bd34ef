"""Concrete runs: states, oracles and scenarios that constructions are compared with."""
