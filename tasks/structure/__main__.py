"""Stage structure: how G and D are built, and how their layers work."""

import torch
from torch import nn

from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.explain.structure.study import describe_structure
from ganatomy.files import whole_folder
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.events import Events
from tasks.shared.history import history_of
from tasks.shared.keys import by_key
from tasks.shared.results import write_metrics
from tasks.shared.samples import load_subjects
from tasks.structure.params import Structure


def main(events: Events) -> None:
    """models/gan, models/history, models/evaluator, data/prepared -> reports/structure"""
    base, params = Base.load(), Structure.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    subjects = load_subjects(params.num_images, base.seed, device)
    with by_key(params), whole_folder(REPORTS / "structure") as report:
        study = describe_structure(
            subjects,
            initial=_initial(base.seed, device),
            num_images=params.num_images,
            on_progress=lambda done, total: events.progress(done, total, "networks"),
            on_warning=events.warning,
        )
        study.save(report)
        write_metrics(report, study.metrics())


def _initial(seed: int, device: torch.device) -> dict[str, nn.Module]:
    """The networks before the first step of a training of ours."""
    for step, gan in history_of(seed, device):
        return {"G": gan.generator_ema, "D": gan.discriminator} if step == 0 else {}
    return {}


if __name__ == "__main__":
    stage.run(main, "structure")
