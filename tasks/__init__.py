"""One stage per file: read artifacts, make one library call, write artifacts, emit events."""
