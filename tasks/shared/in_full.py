"""Which variants are trained in full: a list of all of them, and one of those that screening kept.

dvc.yaml has `retrain` read the one that `screen.enabled` names. So it waits for stage `screen`, and
for the trained GAN whose images that one looks at, only where screening is on.
"""

from collections.abc import Iterable
from pathlib import Path

from ganatomy.files import read_json, write_json
from tasks.shared.artifact_paths import IN_FULL


def write_in_full(names: Iterable[str], *, screened: bool) -> None:
    """Write the names of the variants, nulls apart, that are to be trained in full."""
    write_json(_path(screened), {"variants": list(names)})


def read_in_full(*, screened: bool) -> set[str]:
    """Read what `write_in_full` wrote."""
    return set(read_json(_path(screened))["variants"])


def _path(screened: bool) -> Path:
    return IN_FULL / f"screened-{'true' if screened else 'false'}.json"
