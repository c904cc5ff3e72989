"""How good, how varied and how original a set of generated images is."""
