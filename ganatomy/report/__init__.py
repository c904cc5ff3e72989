"""Arrays to figures, and figures to one self-contained page."""
