"""Attributions: where in its input a network finds what it says."""
