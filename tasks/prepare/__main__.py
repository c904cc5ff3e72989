"""Stage prepare: validate, resize and split; keep a list of what was refused."""

import torch

from ganatomy.data import preparation
from ganatomy.data.prepare import prepare
from ganatomy.data.raw_folder import load_raw
from ganatomy.data.reading import Limits
from ganatomy.files import whole_folder
from tasks.params.base import Base
from tasks.prepare.params import Prepare
from tasks.prepare.warnings import warnings_on
from tasks.shared import stage
from tasks.shared.artifact_paths import PREPARED, RAW, REPORTS
from tasks.shared.events import Events
from tasks.shared.refusal import refuse_wrong_names
from tasks.shared.results import write_metrics


def main(events: Events) -> None:
    """data/raw -> data/prepared"""
    base, params = Base.load(), Prepare.load()
    torch.set_num_threads(base.num_threads)
    raw = load_raw(RAW)
    prepared = prepare(
        raw,
        params.size(),
        params.channels,
        test_fraction=params.test_fraction,
        min_images=params.min_images,
        limits=Limits(params.max_pixels, params.max_seconds),
        seed=base.seed,
        progress=lambda done, total: events.progress(done, total, "images, read and compared"),
        duplicates=params.duplicates,
        fit=params.fit,
        window=params.levels(),
        background=params.background,
        num_workers=base.num_threads,
    )
    refuse_wrong_names(prepared.train)
    with whole_folder(PREPARED) as folder, whole_folder(REPORTS / "prepare") as report:
        preparation.save_splits(prepared, folder)
        preparation.save_report(prepared, raw, report)
        write_metrics(report, preparation.metrics(prepared))
    for sentence in warnings_on(prepared):
        events.warning(sentence)


if __name__ == "__main__":
    stage.run(main, "prepare")
