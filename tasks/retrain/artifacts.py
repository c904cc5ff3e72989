"""What stage retrain leaves of a shard, whoever trains."""

import shutil
from collections.abc import Callable
from pathlib import Path

from ganatomy.files import whole_folder, write_json
from ganatomy.gan.session import Interrupted
from ganatomy.importance.retraining_study import RetrainedMembers
from tasks.shared import checkpoints, stage
from tasks.shared.artifact_paths import REPORTS, RETRAINED
from tasks.shared.events import Events
from tasks.shared.results import write_metrics


def write_artifacts(
    shard: int, kept: Path, events: Events, retrain: Callable[..., RetrainedMembers]
) -> None:
    """Train a shard's GANs and write models/variants/<shard> and reports/retrain/<shard>.

    Parameters
    ----------
    shard : int
    kept : Path
        The folder to go on from, which goes when all is written.
    events : Events
    retrain : callable
        Takes, by keyword, `kept`, `on_member`, `on_warning` and `should_stop`.
    """
    with (
        whole_folder(RETRAINED / str(shard)) as folder,
        whole_folder(REPORTS / "retrain" / str(shard)) as report,
        stage.interruptible(Interrupted) as should_stop,
    ):
        retrained = retrain(
            kept=kept,
            on_member=lambda member: events.row("members", member.row()),
            on_warning=events.warning,
            should_stop=should_stop,
        )
        retrained.files.copy_to(folder)
        write_json(report / "members.json", retrained.rows())
        write_metrics(report, retrained.metrics())
    shutil.rmtree(retrained.files.folder, ignore_errors=True)  # they are in the artifact now
    checkpoints.finish(kept)
