"""Explanations of any `torch.nn.Module`: attributions, surrogates, importance by retraining."""
