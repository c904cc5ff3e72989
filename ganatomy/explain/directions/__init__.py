"""Directions in the latents of a generator that were learned: what each changes in its images."""
