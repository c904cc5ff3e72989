"""Stage fetch: get the source data set."""

import shutil
from pathlib import Path

import torch

from ganatomy.data.dataset import pack_attributes
from ganatomy.data.sources import Raw, fetch
from ganatomy.files import whole_folder, write_json
from ganatomy.tensors import write_tensors
from tasks import stage
from tasks.events import Events
from tasks.layout import RAW, REPORTS
from tasks.params.fetch import Fetch
from tasks.results import write_metrics


def main(events: Events) -> None:
    """params -> data/raw"""
    params = Fetch.load()
    raw = fetch(
        params.source,
        Path(params.root),
        params.max_images,
        params.retries,
        events.warning,
        Path(params.attributes) if params.attributes else None,
    )
    count = len(raw.labels)
    with whole_folder(RAW) as folder, whole_folder(REPORTS / "fetch") as report:
        _write(raw, folder, events)
        write_metrics(report, {"num_found": count, "num_classes": len(raw.class_names)})
    events.progress(count, count, "images")


def _write(raw: Raw, folder: Path, events: Events) -> None:
    tensors = {"labels": raw.labels, "split": raw.split, **pack_attributes(raw.attributes)}
    if raw.images is not None:
        tensors["images"] = raw.images
    files = []
    for index, (path, called) in enumerate(zip(raw.files, raw.file_names)):
        name = f"{index:07d}{path.suffix.lower()}"
        (folder / "files").mkdir(exist_ok=True)
        shutil.copyfile(path, folder / "files" / name)
        files.append({"file": name, "source": called})
        events.progress(index + 1, len(raw.files), "files")
    write_tensors(folder / "raw.safetensors", tensors)
    write_json(
        folder / "raw.json",
        {"class_names": list(raw.class_names), "files": files, "origin": raw.origin},
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    stage.run(main, "fetch")
