"""Arrays and tables to pictures; each file draws one picture, or holds what several share."""
