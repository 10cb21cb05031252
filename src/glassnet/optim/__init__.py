"""Optimizers: chains of small transforms of the gradient, written in NumPy."""
