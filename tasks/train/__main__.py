"""Stage train: the GAN, trained here or adopted."""

from pathlib import Path

from ganatomy.data.dataset import Dataset
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.gan.distributed import Ranks
from ganatomy.gan.session import Interrupted
from ganatomy.gan.study import Course, train_watched
from ganatomy.metrics import evaluator_file
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.shared import checkpoints, stage
from tasks.shared.artifact_paths import EVALUATOR, PREPARED
from tasks.shared.events import Events
from tasks.shared.own_code import OwnCode
from tasks.shared.refusal import refuse_wrong_names
from tasks.train import ranks
from tasks.train.adopted import adopt_if_told
from tasks.train.params import Train
from tasks.train.progress import TrainingProgress
from tasks.train.record import checkpoints_of, write_artifacts


def main(events: Events) -> None:
    """data/prepared, models/evaluator -> models/gan"""
    base, params = Base.load(), Train.load()
    if adopt_if_told():
        return
    settings = params.settings(GanSection.load().method())
    device = resolve_device(base.device)
    with ranks.joined(params.devices, device, settings.batch_size, events) as (group, device):
        make_deterministic(ranks.num_threads(base.num_threads, params.devices, device))
        course = Course(settings, params.monitoring(), base.seed, device)
        if group.rank == 0:
            _lead(events, params, course, group)
        else:
            ranks.follow(Dataset.load(PREPARED, "train", mapped=True), course, group)


def _lead(events: Events, params: Train, course: Course, group: Ranks) -> None:
    train, test = (Dataset.load(PREPARED, name, mapped=True) for name in ("train", "test"))
    refuse_wrong_names(train)
    kept = checkpoints_of(params, course.settings)
    code = OwnCode(Path(), course.settings.method.networks)  # as it is now: it may be edited later
    progress = TrainingProgress(events, course.settings.images_per_step)
    with stage.interruptible(Interrupted) as should_stop:
        trained = train_watched(
            train,
            test,
            evaluator_file.load(EVALUATOR, course.device)[0],
            course,
            kept=kept,
            num_fakes=params.probe_fakes,
            num_remembered=params.num_remembered,
            num_last=params.keep_last,
            ranks=group,
            on_step=progress.on_step,
            on_points=progress.on_points,
            on_frame=progress.on_frame,
            on_warning=events.warning,
            should_stop=should_stop,
        )
        write_artifacts(trained, course.settings, code)
    checkpoints.finish(kept)


if __name__ == "__main__":
    stage.run(main, "train")
