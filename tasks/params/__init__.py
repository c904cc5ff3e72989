"""What a section of params.yaml is, and those that several stages read."""
