"""Whether a discriminator is in order: what it tells apart, by what, and what it should not see."""
