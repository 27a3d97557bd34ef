"""Obligations about any program of E-FASP: its sorts, its layers, its floats and its specification."""
