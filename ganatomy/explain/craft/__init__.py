"""Concepts of a discriminator: what its activations are made of, and what each is worth to it."""
