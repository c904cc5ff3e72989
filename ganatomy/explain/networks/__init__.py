"""Networks seen from outside: layers, hooks, and the scalars that explanations explain."""
