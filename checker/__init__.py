"""The checker and the command line."""
