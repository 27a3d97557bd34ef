"""The kernel: compiled functions that compute passes of indexed attention in place, over arrays described by ``whole``.

``forms``, ``block`` and ``heads`` have the arithmetic of a layer; ``table`` the groups of equal keys; ``jit`` compiles with
numba where it is installed. Results are those of ``model.indexed``, bit for bit.
"""
