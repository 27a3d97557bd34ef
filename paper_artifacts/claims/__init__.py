"""The paper's claims, their status, and the trusted base."""
