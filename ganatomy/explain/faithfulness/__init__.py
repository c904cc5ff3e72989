"""Is an explanation true, stable and about this network? Measures that need no ground truth."""
