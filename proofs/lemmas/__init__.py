"""Lemma families: lemma ``family.name`` stands in ``family*``."""
