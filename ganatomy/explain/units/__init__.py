"""Units of a network: what a channel carries, and what goes when it is taken away."""
