"""This run beside the last champion: the same latents, held-out images and evaluator."""

from pathlib import Path

from ganatomy.data.dataset import Dataset
from ganatomy.files import sha256_of
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.model import Gan
from ganatomy.importance.champion import CHAMPION, THIS, BesideChampion
from ganatomy.importance.comparison_study import compare
from ganatomy.importance.noise_files import REPEATS, noise_of_run
from ganatomy.metrics.evaluator import Evaluator
from tasks.shared.artifact_paths import EVALUATOR, GAN, PREPARED, REPORTS


def beside_champion(
    gan: Gan, run: Path, *, held_out: Dataset, evaluator: Evaluator, seed: int
) -> BesideChampion:
    """Compare a GAN with that of a finished run.

    Parameters
    ----------
    gan : Gan
    run : Path
        The champion's folder. How far two trainings differ is read there, where anything was
        retrained.
    held_out : Dataset
    evaluator : Evaluator
        Measures both.
    seed : int
    """
    same_data = _is_the_same(run, PREPARED / "train.safetensors")
    weights = ("generator_ema.safetensors", "generator.safetensors")  # the latter if adopted
    generator = next((GAN / name for name in weights if (GAN / name).is_file()), GAN / weights[0])
    if _is_the_same(run, generator):
        return BesideChampion(None, same_data)
    importance = run / REPORTS / "importance"
    knows = (importance / REPEATS).is_file()
    device = next(evaluator.parameters()).device
    comparison = compare(
        load_gan(run / GAN, device),
        gan,
        reals=held_out,
        evaluator=evaluator,
        noise=noise_of_run(importance, run / EVALUATOR) if knows else None,
        noise_from="the GANs that the champion's run has retrained",
        names=(CHAMPION, THIS),
        seed=seed,
    )
    return BesideChampion(comparison, same_data)


def _is_the_same(run: Path, artifact: Path) -> bool:
    """Whether a finished run has left the same file as this one."""
    both = (run / artifact).is_file() and artifact.is_file()
    return both and sha256_of(artifact) == sha256_of(run / artifact)
