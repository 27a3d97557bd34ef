"""Lemma families: lemma ``family.name`` is defined in ``family*``."""
