"""What the terminal shows while a stage is at work."""

import io

from rich.console import Console
from rich.progress import Progress

from flows.terminal import _Speed


def test_speed_is_that_of_the_task() -> None:
    now = [0.0]
    progress = Progress(_Speed(), console=Console(file=io.StringIO()), get_time=lambda: now[0])
    progress.add_task("train", total=12_000)
    (task,) = progress.tasks
    assert _Speed().render(task).plain == ""
    for _ in range(4):
        now[0] += 1
        progress.advance(task.id, 1_500)
    assert _Speed().render(task).plain == "1,500/s"
