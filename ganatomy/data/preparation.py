"""What was prepared, as folders: both splits, and a report of what they hold."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from ganatomy.data.card import count_flat, describe
from ganatomy.data.prepare import Prepared
from ganatomy.data.sources import Raw
from ganatomy.files import write_bytes, write_json
from ganatomy.tables import csv_bytes
from ganatomy.tensors import write_tensors

CARD = "card.json"
QUARANTINE = "quarantine.csv"
DUPLICATES = "duplicates.csv"
SHOWN = "shown.safetensors"
_NUM_SHOWN = 100
_NUM_LEAKS = 20  # on the card; the list of duplicates has all
_COLUMNS = ["file", "repeats", "how", "split", "split_of_repeated"]


def save_splits(prepared: Prepared, folder: Path) -> None:
    """Write both splits, and the list of what was refused."""
    prepared.train.save(folder, "train")
    prepared.test.save(folder, "test")
    write_bytes(folder / QUARANTINE, _quarantine(prepared))


def save_report(prepared: Prepared, raw: Raw, folder: Path) -> None:
    """Write the data card, the lists of what was refused and what is there twice, some images."""
    duplicates = pd.DataFrame(prepared.duplicates, columns=_COLUMNS)
    found = leaks(prepared.duplicates)
    write_bytes(folder / QUARANTINE, _quarantine(prepared))
    write_bytes(folder / DUPLICATES, csv_bytes(duplicates))
    write_tensors(folder / SHOWN, {"train": prepared.train.images[:_NUM_SHOWN]})
    # of arrays there is nothing to tell: they are taken as they are
    values = {} if prepared.values is None else {"values": prepared.values.card()}
    write_json(
        folder / CARD,
        {
            "origin": raw.origin,
            "train": describe(prepared.train),
            "test": describe(prepared.test),
            "num_quarantined": len(prepared.quarantine),
            "others": raw.others,
            "duplicates": asdict(prepared.repeats),
            "num_flat": num_flat(prepared),
            **({"notes": raw.notes} if raw.notes else {}),
            **values,
            **({"leaks": found[:_NUM_LEAKS]} if found else {}),
        },
    )


def leaks(duplicates: list[dict[str, str]]) -> list[dict[str, str]]:
    """Name each held-out image that is in training too, and one that it is there as.

    Parameters
    ----------
    duplicates : list of dict
        As of `ganatomy.data.prepare.Prepared`.

    Returns
    -------
    list of dict
        ``held_out`` and ``in_training``.

    Examples
    --------
    >>> row = {"file": "b", "repeats": "a", "split": "test", "split_of_repeated": "train"}
    >>> leaks([row])
    [{'held_out': 'b', 'in_training': 'a'}]
    """
    groups: dict[str, dict[str, str]] = {}
    for row in duplicates:
        group = groups.setdefault(row["repeats"], {row["repeats"]: row["split_of_repeated"]})
        group[row["file"]] = row["split"]
    found = []
    for group in groups.values():
        known = next((name for name, side in group.items() if side == "train"), None)
        if known is not None:
            held_out = [name for name, side in group.items() if side == "test"]
            found += [{"held_out": name, "in_training": known} for name in held_out]
    return found


def num_flat(prepared: Prepared) -> int:
    """Count the images that are almost of one colour."""
    return count_flat(prepared.train) + count_flat(prepared.test)


def metrics(prepared: Prepared) -> dict[str, float]:
    """Count what there is, what was refused and what is there twice."""
    repeats = prepared.repeats
    return {
        "num_train": len(prepared.train),
        "num_test": len(prepared.test),
        "num_quarantined": len(prepared.quarantine),
        "num_duplicates": repeats.num_equal + repeats.num_near,
        "num_held_out_in_training": repeats.num_held_out_in_training,
    }


def _quarantine(prepared: Prepared) -> bytes:
    return csv_bytes(pd.DataFrame(prepared.quarantine, columns=["file", "reason"]))
