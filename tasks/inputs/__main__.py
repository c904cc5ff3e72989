"""Stage inputs: what decides numbers and is no data.

Package versions, the device type, the user's own files, and the code of each stage. It runs each
time, and takes a moment; a stage runs when a file of these that it depends on has changed.
"""

from pathlib import Path

from tasks.inputs import files
from tasks.shared import private, stage
from tasks.shared.events import Events


def main(events: Events) -> None:
    """the machine, the code, the user's own files -> inputs"""
    private.close(Path())
    files.write(Path())


if __name__ == "__main__":
    stage.run(main, "inputs")
