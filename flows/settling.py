"""The last thing before a run is FINISHED: everything that it stands for is read once."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from flows import adapter, contents
from flows.stages import LookedOver
from ganatomy.files import write_json


def settle(
    root: Path, stages: list[adapter.Stage], run_dir: Path, tell: Callable[[str, str], None]
) -> None:
    """Read all outputs, put right what differs from dvc.lock, write the run's manifest.

    Parameters
    ----------
    tell : callable
        Takes a stage's name and a sentence for the user.

    Raises
    ------
    StageFailed
        Something is not what its stage wrote, and could not be put right.
    """
    for _ in range(adapter.ROUNDS):
        found = adapter.look_over(root, tell, also_if_behind=True)
        again = {each.output.stage for each in found.damaged}
        for name in (stage.name for stage in stages if stage.name in again):
            adapter.write_anew(root, name, run_dir, partial(tell, name))
        if not (found.damaged or found.behind):
            break
        # what was computed again may differ from what others were given, or dvc.lock is another
        for stage in stages:
            adapter.run_stage(root, stage, run_dir)
    else:
        if found.damaged:
            raise adapter.cannot_mend(found.damaged[0])
        behind = found.behind
        reason = f"changed by somebody else as often as it was brought up to date: {behind}"
        raise adapter.StageFailed(behind[0], reason, 1)
    keep_manifest(root, found, run_dir)


def keep_manifest(root: Path, found: LookedOver, run_dir: Path) -> None:
    """Put dvc.lock in order and write down every file that was read.

    Raises
    ------
    StageFailed
        A file has the MD5 of one of an earlier run, and another SHA-256.
    """
    adapter.sort_lock(root)
    rows = contents.manifest(found.read)
    path = contents.unlike_before(root, rows)
    if path is not None:
        reason = f"{path} has the MD5 of a file of an earlier run, but another SHA-256"
        raise adapter.StageFailed(found.stages[-1].name, reason, 1)
    write_json(run_dir / contents.MANIFEST, {"files": rows})
