"""The theorems in Rocq: their build, and the construction's rows as Rocq text."""
