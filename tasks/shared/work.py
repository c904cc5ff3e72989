"""How much each stage has to do, reckoned from params.yaml: what a run says of its length.

Only proportions matter: twice the epochs is twice the work. What is not listed is taken to be the
same whatever the values. Nothing of this reaches a result.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.data.shape import sides
from tasks.shared.artifact_paths import METRICS, REPORTS

Document = dict[str, dict[str, Any]]

TRAIN, RETRAIN, COMPUTE = "train", "retrain", "compute"
_IMAGES = {"mnist-sample": 5000, "mnist": 70_000, "fashion-mnist": 70_000, "cifar10": 60_000}
_OF_IMPORTANCE = ("variants", "autotune", "screen", "retrain", "importance")
_PACK_SIZES = (2, 4, 8)  # that `autotune` tries on a CPU


@dataclass(frozen=True)
class Work:
    """The amount that one stage has to do.

    Attributes
    ----------
    units : float
        Training steps (of one GAN), or in proportion to the arithmetic; 0 where it has nothing to
        do but begin.
    kind : str
        What decides how long a unit takes: ``train`` and ``retrain`` steps of their own networks,
        ``compute`` the machine alone.
    """

    units: float
    kind: str = COMPUTE


def work(document: Document, num_images: float) -> dict[str, Work]:
    """Reckon the work of each stage, a matrix of stages as a whole.

    Parameters
    ----------
    document : dict
        params.yaml, checked and with every default.
    num_images : float
        Of the training.
    """
    size, training, retraining = (document[name] for name in ("prepare", "train", "retrain"))
    height, width = sides(size["image_size"])
    area = height * width
    features = _num_features(document["variants"])
    nulls = document["variants"]["num_nulls"]
    members = (features + nulls) * retraining["num_seeds"]
    member_steps = _num_steps(document, "retrain", num_images)
    shown = {name: document[name] for name in ("evaluate", "gradcam", "lime", "faithfulness")}
    ways = document["directions"]
    lime, maps, tests = shown["lime"], shown["gradcam"], shown["faithfulness"]
    explained = lime["num_averaged"] + lime["num_images"] * lime["num_seeds"]
    repeats = tests["num_steps"] + tests["num_perturbations"] + tests["integration_steps"]
    evaluator = document["evaluator"]
    reckoned = {
        "inputs": Work(0.0),
        "fetch": Work(num_images),
        "prepare": Work(num_images * area),
        "evaluator": Work(num_images * area * evaluator["epochs"] * evaluator["width"]),
        "contract": Work(0.0),
        "train": Work(_num_steps(document, "train", num_images) / training["devices"], TRAIN),
        "evaluate": Work(shown["evaluate"]["num_fakes"] * area),
        "directions": Work(
            (ways["num_directions"] + ways["num_random"]) * ways["num_held_out"] * area
        ),
        "variants": Work((features + nulls) * num_images * area),
        "autotune": Work(_num_tried(document["autotune"]), RETRAIN),
        "screen": Work(_num_screened(document["screen"], features + nulls) * member_steps, RETRAIN),
        "retrain": Work(members * member_steps, RETRAIN),
        "importance": Work(members * document["importance"]["num_fakes"] * area),
        "gradcam": Work((maps["num_images"] + maps["num_averaged"]) * area),
        "lime": Work(explained * lime["num_samples"] * area),
        "rules": Work(document["rules"]["num_images"] * area),
        "structure": Work(document["structure"]["num_images"] * area),
        "topology": Work(document["topology"]["num_images"] * area),
        "faithfulness": Work(tests["num_images"] * repeats * tests["num_seeds"] * area),
    }
    return reckoned | {name: Work(0.0) for name in _left_out(document)}


def is_adopted(document: Document) -> bool:
    """Say whether the GAN was trained elsewhere."""
    return bool(document["gan"]["source"] == "adopt")


def _left_out(document: Document) -> list[str]:
    """Stages with nothing to do but begin: a GAN that was adopted, and nothing retrained."""
    adopted = ["train"] * is_adopted(document)
    return adopted + list(_OF_IMPORTANCE) * (not document["importance"]["enabled"])


def num_training_images(root: Path, document: Document) -> float:
    """Count the training images: those that were prepared last, else what the source has.

    Of a folder not yet read every file counts.
    """
    try:
        metrics = json.loads((root / REPORTS / "prepare" / METRICS).read_text())
        return float(metrics["num_train"])
    except (OSError, ValueError, LookupError, TypeError):
        kept = 1 - float(document["prepare"]["test_fraction"])
        return _num_given(root, document["fetch"]) * kept


def step_settings(document: Document) -> str:
    """Name what decides how long a training step takes, as text that can be compared."""
    own = ("batch_size", "latent_dim", "width")
    decides = {
        "base": {key: document["base"][key] for key in ("device", "num_threads")},
        "gan": document["gan"],
        "images": {key: document["prepare"][key] for key in ("image_size", "channels")},
        "source": document["fetch"]["source"],
        **{name: {key: document[name][key] for key in own} for name in (TRAIN, RETRAIN)},
    }
    return json.dumps(decides, sort_keys=True)


def num_channels(document: Document) -> int:
    """Tell the channels of the images, as far as that is known before they are read."""
    grey = "mnist" in document["fetch"]["source"]
    asked = document["prepare"]["channels"]
    return int(asked) if asked in (1, 3) else 1 if grey else 3


def _num_features(variants: dict[str, Any]) -> int:
    single = len(variants["features"]) * len(variants["modes"])
    return single + len(variants["interactions"]) + int(variants["num_subsets"])


def _num_steps(document: Document, section: str, num_images: float) -> float:
    """Count G's steps in one whole training."""
    budget = document[section]
    batches = num_images // budget["batch_size"]
    return float(budget["epochs"] * batches // document["gan"]["n_dis"])


def _num_tried(autotune: dict[str, Any]) -> float:
    if autotune["backend"] != "auto":
        return 0.0
    tried = [size for size in _PACK_SIZES if size <= autotune["pack_size"]]
    return float(autotune["num_steps"] * (1 + 2 * sum(tried)))


def _num_screened(screen: dict[str, Any], variants: int) -> float:
    """Trainings in full that the rungs are worth, were nothing dropped between them."""
    if not screen["enabled"]:
        return 0.0
    rungs = zip(screen["shares"], screen["num_seeds"], strict=True)
    return float(variants * sum(share * seeds for share, seeds in rungs))


def _num_given(root: Path, fetch: dict[str, Any]) -> float:
    known = _IMAGES.get(fetch["source"])
    if known is None:
        known = sum(len(files) for _, _, files in os.walk(root / fetch["root"]))
    return float(min(known, fetch["max_images"] or known))
