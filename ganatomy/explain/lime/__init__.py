"""LIME: a linear surrogate of a target around one input (Ribeiro et al. 2016, arXiv 1602.04938)."""
