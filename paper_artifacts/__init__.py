"""Claims, tables and figures of the paper."""
