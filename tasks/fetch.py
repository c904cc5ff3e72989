"""Stage fetch: get the source data set."""

from pathlib import Path

import torch

from ganatomy.data.dataset import pack_attributes
from ganatomy.data.reading import Limits
from ganatomy.data.sources import Raw, fetch
from ganatomy.files import whole_folder, write_json
from ganatomy.tensors import write_tensors
from tasks import stage
from tasks.events import Events
from tasks.layout import RAW, REPORTS
from tasks.params.fetch import Fetch
from tasks.params.prepare import Prepare
from tasks.results import write_metrics


def main(events: Events) -> None:
    """params -> data/raw"""
    params, bounds = Fetch.load(), Prepare.load()
    with whole_folder(RAW) as folder, whole_folder(REPORTS / "fetch") as report:
        raw = fetch(
            params.source,
            Path(params.root),
            params.max_images,
            params.retries,
            events.warning,
            Path(params.attributes) if params.attributes else None,
            follow_links=params.follow_links,
            limits=Limits(bounds.max_pixels, bounds.max_seconds),
            into=folder / "files",
            progress=lambda done, total: events.progress(done, total, "files"),
        )
        _write(raw, folder)
        count = len(raw.labels)
        write_metrics(report, {"num_found": count, "num_classes": len(raw.class_names)})
    if told := _not_used(raw):
        events.warning(told)
    events.progress(count, count, "images")


def _write(raw: Raw, folder: Path) -> None:
    tensors = {"labels": raw.labels, "split": raw.split, **pack_attributes(raw.attributes)}
    if raw.images is not None:
        tensors["images"] = raw.images
    files = [{"file": path.name, "source": name} for path, name in zip(raw.files, raw.file_names)]
    about = {"class_names": list(raw.class_names), "files": files, "origin": raw.origin}
    if files:
        about |= {"refused": raw.refused, "others": raw.others}
    write_tensors(folder / "raw.safetensors", tensors)
    write_json(folder / "raw.json", about)


def _not_used(raw: Raw) -> str:
    """How many files of the folder are not among the images, by kind; "" when all are."""
    parts = [f"{len(raw.refused)} refused"] if raw.refused else []
    parts += [f"{count} {kind}" for kind, count in raw.others.items()]
    total = len(raw.refused) + sum(raw.others.values())
    share = f"{total} of {total + len(raw.files)} files are not used: "
    return share + ", ".join(parts) if parts else ""


if __name__ == "__main__":
    torch.set_num_threads(1)
    stage.run(main, "fetch")
