"""The runs behind the tables."""
