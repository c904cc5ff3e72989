"""A source as it was found, as a folder: one stage fetches it, another one prepares it."""

from pathlib import Path

from ganatomy.data.dataset import pack_attributes, unpack_attributes
from ganatomy.data.sources import Raw
from ganatomy.files import read_json, write_json
from ganatomy.tensors import read_tensors, write_tensors

FILES = "files"  # copies of the images of a folder
_TENSORS = "raw.safetensors"
_ABOUT = "raw.json"


def save_raw(raw: Raw, folder: Path) -> None:
    """Write ``raw.safetensors`` and ``raw.json`` beside the files, which are there already."""
    tensors = {"labels": raw.labels, "split": raw.split, **pack_attributes(raw.attributes)}
    if raw.images is not None:
        tensors["images"] = raw.images
    files = [{"file": path.name, "source": name} for path, name in zip(raw.files, raw.file_names)]
    about = {"class_names": list(raw.class_names), "files": files, "origin": raw.origin}
    if files:
        about |= {"refused": raw.refused, "others": raw.others}
    if raw.notes:
        about["notes"] = raw.notes
    write_tensors(folder / _TENSORS, tensors)
    write_json(folder / _ABOUT, about)


def load_raw(folder: Path) -> Raw:
    """Read what `save_raw` wrote; `InputError` where a file is missing or damaged."""
    tensors, about = read_tensors(folder / _TENSORS), read_json(folder / _ABOUT)
    return Raw(
        tensors.get("images"),
        tensors["labels"],
        tensors["split"],
        tuple(about["class_names"]),
        tuple(folder / FILES / entry["file"] for entry in about["files"]),
        about["origin"],
        tuple(entry["source"] for entry in about["files"]),
        unpack_attributes(tensors),
        about.get("refused", []),
        about.get("others", {}),
        about.get("notes", []),
    )
