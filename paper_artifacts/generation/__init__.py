"""Words drawn from a stochastic any-process generator: `efasp generate`."""
