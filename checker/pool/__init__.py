"""Processes: the scheduler, its workers, their isolation and limits."""
