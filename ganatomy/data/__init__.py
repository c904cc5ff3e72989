"""Images: where they come from, what is wrong with them, and what can be changed in them."""
