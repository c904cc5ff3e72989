"""Pictures in MLflow, under the key and the step that who wrote them said, and never twice.

They are files of the names that MLflow's page reads: `log_image` would put a random part into each,
and a second publication would double them.
"""

import io
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.tracking.multimedia import compress_image_size
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_IMAGES
from PIL import Image

from flows.entry import RunEntry
from flows.mlflow_names import key_of
from ganatomy.files import sha256_of
from ganatomy.marking import packet_of, with_packet
from tasks.shared.artifact_paths import IMAGES, REPORTS, UNFINISHED
from tasks.shared.pictures import Place, read_places

FOLDER = "images"  # where MLflow's page looks for them
_SAMPLES = Path("evaluate") / "samples.png"
SAMPLES_KEY = "samples"


@dataclass(frozen=True)
class Kept:
    """A picture and its place in the record."""

    path: Path
    place: Place


def of_stage(folder: Path, entry: RunEntry, stage: str) -> list[Kept]:
    """Find what a stage has drawn itself, and what was drawn for the page.

    What the page shows of the stage's own files is the same picture: it is taken once.
    """
    own = _all_in(folder / REPORTS / stage.replace("@", "/") / IMAGES)
    there = {sha256_of(each.path) for each in own}
    drawn = _all_in(_drawn_for_page(folder, entry) / stage.partition("@")[0])
    others = [each for each in drawn if sha256_of(each.path) not in there]
    found = {each.place: each for each in [*others, *own]}
    return sorted(found.values(), key=lambda each: (each.place.key, each.place.step))


def samples(folder: Path, entry: RunEntry) -> list[Kept]:
    """Find the grid of samples, for the run as a whole; none where none was drawn."""
    path = _drawn_for_page(folder, entry) / _SAMPLES
    return [Kept(path, Place(SAMPLES_KEY))] if path.exists() else []


def _drawn_for_page(folder: Path, entry: RunEntry) -> Path:
    return folder / (REPORTS / "report" if entry.status == "FINISHED" else UNFINISHED) / IMAGES


def _all_in(folder: Path) -> list[Kept]:
    return [Kept(folder / name, place) for name, place in read_places(folder).items()]


def log(client: MlflowClient, run_id: str, time_ms: int, kept: list[Kept]) -> None:
    """Log pictures; one that the run has already, by key, step and time, takes its place.

    Parameters
    ----------
    time_ms : int
        The same whenever pictures of one run are logged: it is a part of their names.
    """
    if not kept:
        return
    with tempfile.TemporaryDirectory() as folder:
        for each in kept:
            _write(Path(folder), run_id, time_ms, each)
        client.log_artifacts(run_id, folder, FOLDER)
    client.set_tag(run_id, MLFLOW_LOGGED_IMAGES, "True")


def _write(folder: Path, run_id: str, time_ms: int, kept: Kept) -> None:
    place = kept.place
    key = key_of(place.key).replace("/", "~")
    own = uuid.uuid5(uuid.NAMESPACE_URL, f"{run_id}/{place.key}/{place.step}")
    name = f"{key}+step+{place.step}+timestamp+{time_ms}+{own}"
    mark = packet_of(kept.path.read_bytes())
    with Image.open(kept.path) as image:
        picture = image.convert("RGB")
    whole = io.BytesIO()
    picture.save(whole, "PNG")
    (folder / f"{name}.png").write_bytes(with_packet(whole.getvalue(), mark))
    compress_image_size(picture).save(folder / f"{name}+compressed.webp", xmp=mark)
