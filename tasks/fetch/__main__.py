"""Stage fetch: get the source data set."""

from dataclasses import replace
from pathlib import Path

import torch

from ganatomy.data.raw_folder import FILES, save_raw
from ganatomy.data.reading import Limits
from ganatomy.data.sources import Raw, fetch
from ganatomy.files import whole_folder
from tasks.fetch.params import Fetch
from tasks.params.base import Base
from tasks.prepare.params import Prepare
from tasks.shared import stage
from tasks.shared.artifact_paths import RAW, REPORTS
from tasks.shared.events import Events
from tasks.shared.keys import in_keys
from tasks.shared.results import write_metrics


def main(events: Events) -> None:
    """params -> data/raw"""
    base, params, bounds = Base.load(), Fetch.load(), Prepare.load()
    with whole_folder(RAW) as folder, whole_folder(REPORTS / "fetch") as report:
        raw = fetch(
            params.source,
            Path(params.root),
            params.max_images,
            retries=params.retries,
            warn=events.warning,
            attributes=Path(params.attributes) if params.attributes else None,
            classes=params.classes,
            arguments=params.arguments,
            follow_links=params.follow_links,
            limits=Limits(bounds.max_pixels, bounds.max_seconds),
            into=folder / FILES,
            num_workers=base.num_threads,
            progress=lambda done, total: events.progress(done, total, "files"),
        )
        raw = _in_keys(raw)
        save_raw(raw, folder)
        write_metrics(report, {"num_found": len(raw.labels), "num_classes": len(raw.class_names)})
    for note in raw.notes:
        events.note(note)
    if told := _not_used(raw):
        events.warning(told)
    events.progress(len(raw.labels), len(raw.labels), "images")


def _in_keys(raw: Raw) -> Raw:
    """Name the keys of params.yaml where the library names arguments."""
    refused = [{**entry, "reason": in_keys(entry["reason"], "fetch")} for entry in raw.refused]
    others = {in_keys(kind, "fetch"): count for kind, count in raw.others.items()}
    notes = [in_keys(note, "fetch") for note in raw.notes]
    return replace(raw, refused=refused, others=others, notes=notes)


def _not_used(raw: Raw) -> str:
    """Count the files of the folder that are not among the images, by kind; "" when all are."""
    parts = [f"{len(raw.refused)} refused"] if raw.refused else []
    parts += [f"{count} {kind}" for kind, count in raw.others.items()]
    num = len(raw.refused) + sum(raw.others.values())
    told = f"{num} of {num + len(raw.files)} files are not used: {', '.join(parts)}"
    return told if parts else ""


if __name__ == "__main__":
    torch.set_num_threads(1)
    stage.run(main, "fetch")
