"""Stage prepare: validate, resize and split; keep a list of what was refused."""

import torch

from ganatomy.data import preparation
from ganatomy.data.prepare import prepare
from ganatomy.data.raw_folder import load_raw
from ganatomy.data.reading import Limits
from ganatomy.data.split import DROP, Repeats
from ganatomy.files import whole_folder
from tasks.params.base import Base
from tasks.prepare.params import Prepare
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
        params.image_size,
        params.channels,
        test_fraction=params.test_fraction,
        min_images=params.min_images,
        limits=Limits(params.max_pixels, params.max_seconds),
        seed=base.seed,
        progress=lambda done, total: events.progress(done, total, "images, read and compared"),
        duplicates=params.duplicates,
        background=params.background,
    )
    refuse_wrong_names(prepared.train)
    with whole_folder(PREPARED) as folder, whole_folder(REPORTS / "prepare") as report:
        preparation.save_splits(prepared, folder)
        preparation.save_report(prepared, raw, report)
        write_metrics(report, preparation.metrics(prepared))
    if prepared.duplicates:
        events.warning(_about(prepared.repeats))
    if num_flat := preparation.num_flat(prepared):
        events.warning(
            f"{num_flat} images are almost of one colour. 16-bit files are taken to use all 16 "
            "bits; what is transparent is laid on the grey of prepare.background, now "
            f"{params.background} (0 is black, 255 white)"
        )
    if prepared.quarantine:
        events.warning(
            f"{len(prepared.quarantine)} files refused, see {PREPARED / 'quarantine.csv'}"
        )


def _about(repeats: Repeats) -> str:
    where = REPORTS / "prepare" / "duplicates.csv"
    counts = f"{repeats.num_equal} images equal another one, {repeats.num_near} nearly do"
    if repeats.choice == DROP:
        return f"{counts}: {repeats.num_dropped} dropped, see {where}"
    crossing = f"{repeats.num_held_out_in_training} held-out images are also in training"
    return f"{counts}; {crossing}, see {where}"


if __name__ == "__main__":
    stage.run(main, "prepare")
