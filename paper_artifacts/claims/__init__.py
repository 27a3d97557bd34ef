"""The paper's claims, their status, and what a reader must trust."""
