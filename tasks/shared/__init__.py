"""What stages have in common: the shell around each, names, samples, where artifacts lie."""
