"""The theorems in Rocq: built, and given the rows of the construction."""
