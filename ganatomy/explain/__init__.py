"""Explanations of one trained network, any `torch.nn.Module`: attributions, surrogates, units."""
