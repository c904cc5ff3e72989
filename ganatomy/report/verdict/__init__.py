"""A run in words: questions, what answers each of them, and by which thresholds."""
