"""Looking inside: gradient checks."""
