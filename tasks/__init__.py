"""One stage per file: read artifacts, make one library call, write artifacts, emit events."""

from pathlib import Path

from tasks import start
from tasks.private import point_tools_here

start.begin_if_stage()  # this runs before the stage's own file, which imports torch
point_tools_here(Path(__file__).resolve().parent.parent)  # before a stage imports any of them
