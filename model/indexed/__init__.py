"""Indexed attention: the transformer's own numbers, computed at the cost of what changes.

``lookups`` answers the heads of a layer by a hash of the key's bits; ``split`` reads from the weights which coordinates the
positions of a group share; ``cells`` computes the passes of any-process generation in place, ``log`` those of masked
diffusion. Every pass gives the read-outs of the dense pass bit for bit, or raises ``Unsuited``, and the caller decodes densely.
"""
