"""Trained networks: a task, a small encoder for it, its training, its file, and its decoding by Algorithm 1 of the paper."""
