"""Lemmas: functions that return obligations."""
