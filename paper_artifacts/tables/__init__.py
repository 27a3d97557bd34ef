"""`efasp tables`: tables and figures."""
