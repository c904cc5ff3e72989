"""What a shard is asked to train, and what decides the numbers of its GANs."""

import sys
from dataclasses import asdict
from pathlib import Path

from ganatomy.errors import InputError
from ganatomy.importance.retraining import Budget, Training, trainings
from tasks.params.base import Base
from tasks.retrain.params import Retrain
from tasks.screen.params import Screen
from tasks.shared import checkpoints
from tasks.shared.artifact_paths import PREPARED, VARIANTS
from tasks.shared.in_full import read_in_full
from tasks.shared.variant_data import trainable
from tasks.variants.params import Variants


def asked_shard(shards: list[int]) -> int:
    """Read the shard to train from the command line."""
    if len(sys.argv) == 2 and sys.argv[1].isdigit() and int(sys.argv[1]) in shards:
        return int(sys.argv[1])
    raise InputError(
        f"no shard {' '.join(sys.argv[1:])!r}",
        "python -m tasks.retrain SHARD",
        f"Give one of retrain.shards: {shards}.",
    )


def trainings_of(shard: int, params: Retrain, base: Base) -> list[Training]:
    """List this shard's share of the nulls and of all variants, or of those that screening kept."""
    kept = read_in_full(screened=Screen.load().enabled)
    recipes = [recipe for recipe in trainable() if recipe.is_null or recipe.name in kept]
    seeds = range(base.seed, base.seed + params.num_seeds)
    return trainings(recipes, seeds, shard=shard, num_shards=len(params.shards))


def checkpoints_of(
    shard: int, params: Retrain, base: Base, budget: Budget, mine: list[Training]
) -> Path:
    """Find the folder to go on from: of the same trainings, or a new one."""
    decides = {
        "settings": asdict(budget.settings),
        "base": base.model_dump(),
        "variants": Variants.load().model_dump(),
        "packing": asdict(budget.packing),
        "members": [training.name for training in mine],
        "shares": params.shares,
    }
    data = [VARIANTS / "index.json", PREPARED / "train.safetensors"]
    return checkpoints.of_training(f"retrain-{shard}", decides, data, budget.settings.method)
