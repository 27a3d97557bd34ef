"""Refutations that another checker replays: scripts as clauses, the search for a proof, LRAT, and Rocq goals."""
