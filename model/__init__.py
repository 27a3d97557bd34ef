"""From E-FASP to a transformer: layer plan, lowering, the torch module, decoding, weights files."""
