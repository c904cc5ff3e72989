"""The noise of retraining, from what a finished run has left on disk."""

from pathlib import Path

import torch

from ganatomy.importance.noise import NoiseStudy, noise_of_nulls
from ganatomy.importance.tables import read_parquet
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.evaluator import digest_of

REPEATS = "repeats.parquet"


def noise_of_run(importance: Path, evaluator: Path) -> NoiseStudy:
    """Read how far the GANs differ that a run has retrained on unchanged data.

    Parameters
    ----------
    importance : Path
        The folder of the run's study of importance.
    evaluator : Path
        That of the evaluator which they were measured by. Without one there, distances in its
        features are judged by no other.

    Raises
    ------
    InputError
        Nothing was retrained there, or too few GANs are left.
    """
    digest = "unknown"
    if (evaluator / "evaluator.json").is_file():
        digest = digest_of(evaluator_file.load(evaluator, torch.device("cpu"))[0])
    return noise_of_nulls(read_parquet(importance / REPEATS), digest)
