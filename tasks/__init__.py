"""One stage per file: read artifacts, make one library call, write artifacts, emit events."""

from tasks import start

start.begin_if_stage()  # this runs before the stage's own file, which imports torch
