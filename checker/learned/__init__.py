"""Commands on trained encoders: `efasp train`, and checkpoints of `efasp check` and `efasp eval`."""
