"""Explanations of a model: its derivation, link by link; its drawing."""
