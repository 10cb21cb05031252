"""Layers and what goes into them: initializers, activations, regularizers, constraints, losses, metrics."""
