"""One folder per stage: its run (``python -m tasks.<stage>``) and what it can be told (params).

What stages share is in `tasks.shared` and, of their parameters, in `tasks.params`.
"""

from pathlib import Path

from tasks.shared import start
from tasks.shared.private import point_tools_here

start.begin_if_stage()  # this runs before the stage's own file, which imports torch
point_tools_here(Path(__file__).resolve().parent.parent)  # before a stage imports any of them
