"""How a network is built, as it is seen to run: its parts, what flows, and how they work."""
