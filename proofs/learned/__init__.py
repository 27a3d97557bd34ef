"""Proofs about trained networks: enclosures of what they compute, and induction over the length of the input."""
