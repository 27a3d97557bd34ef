"""`efasp trace`: runs and countermodels, step by step."""
