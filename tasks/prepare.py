"""Stage prepare: validate, resize and split; keep a list of what was refused."""

from dataclasses import asdict

import pandas as pd
import torch

from ganatomy.data.card import count_flat, describe
from ganatomy.data.dataset import unpack_attributes
from ganatomy.data.images import contact_sheet, write_png
from ganatomy.data.prepare import Prepared, prepare
from ganatomy.data.reading import Limits
from ganatomy.data.sources import Raw
from ganatomy.data.split import DROP, Repeats
from ganatomy.files import read_json, whole_folder, write_bytes, write_json
from ganatomy.tables import csv_bytes
from ganatomy.tensors import read_tensors
from tasks import stage
from tasks.events import Events
from tasks.layout import PREPARED, RAW, REPORTS
from tasks.params.base import Base
from tasks.params.prepare import Prepare
from tasks.refusal import refuse_wrong_names
from tasks.results import image_path, write_metrics

_SHEET_COLUMNS = 20
_SHEET_IMAGES = 100
_DUPLICATES = ["file", "repeats", "how", "split", "split_of_repeated"]


def main(events: Events) -> None:
    """data/raw -> data/prepared"""
    base, params = Base.load(), Prepare.load()
    torch.set_num_threads(base.num_threads)
    raw = _read_raw()
    prepared = prepare(
        raw,
        params.image_size,
        params.channels,
        params.test_fraction,
        params.min_images,
        Limits(params.max_pixels, params.max_seconds),
        base.seed,
        lambda done, total: events.progress(done, total, "images, read and compared"),
        params.duplicates,
        params.background,
    )
    refuse_wrong_names(prepared.train)
    _write(prepared, raw)
    if prepared.duplicates:
        events.warning(_about(prepared.repeats))

    if num_flat := count_flat(prepared.train) + count_flat(prepared.test):
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
    found = f"{repeats.num_equal} images equal another one, {repeats.num_near} nearly do"
    if repeats.choice == DROP:
        return f"{found}: {repeats.num_dropped} dropped, see {where}"
    crossing = f"{repeats.num_held_out_in_training} held-out images are also in training"
    return f"{found}; {crossing}, see {where}"


def _read_raw() -> Raw:
    tensors, about = read_tensors(RAW / "raw.safetensors"), read_json(RAW / "raw.json")
    return Raw(
        tensors.get("images"),
        tensors["labels"],
        tensors["split"],
        tuple(about["class_names"]),
        tuple(RAW / "files" / entry["file"] for entry in about["files"]),
        about["origin"],
        tuple(entry["source"] for entry in about["files"]),
        unpack_attributes(tensors),
        about.get("refused", []),
        about.get("others", {}),
    )


def _write(prepared: Prepared, raw: Raw) -> None:
    quarantine = pd.DataFrame(prepared.quarantine, columns=["file", "reason"])
    duplicates = pd.DataFrame(prepared.duplicates, columns=_DUPLICATES)
    repeats = prepared.repeats
    card = {
        "origin": raw.origin,
        "train": describe(prepared.train),
        "test": describe(prepared.test),
        "num_quarantined": len(quarantine),
        "others": raw.others,
        "duplicates": asdict(repeats),
        "num_flat": count_flat(prepared.train) + count_flat(prepared.test),
    }
    with whole_folder(PREPARED) as folder, whole_folder(REPORTS / "prepare") as report:
        prepared.train.save(folder, "train")
        prepared.test.save(folder, "test")
        write_bytes(folder / "quarantine.csv", csv_bytes(quarantine))
        write_bytes(report / "quarantine.csv", csv_bytes(quarantine))
        write_bytes(report / "duplicates.csv", csv_bytes(duplicates))
        write_json(report / "card.json", card)
        sheet = contact_sheet(prepared.train.images[:_SHEET_IMAGES], _SHEET_COLUMNS)
        write_png(image_path(report, "contact_sheet"), sheet)
        write_metrics(
            report,
            {
                "num_train": len(prepared.train),
                "num_test": len(prepared.test),
                "num_quarantined": len(quarantine),
                "num_duplicates": repeats.num_equal + repeats.num_near,
                "num_held_out_in_training": repeats.num_held_out_in_training,
            },
        )


if __name__ == "__main__":
    stage.run(main, "prepare")
