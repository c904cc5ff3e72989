"""Harmful images among the training images: are they found, and does removing them help?

Groups of training images, some of them with images that do harm. The predicted influence of each
group (`ganatomy.importance.groups`) says which to remove; what a GAN is worth without them is
compared with removing as many at random, those that really are harmful, and those that two
predictors name that need no retraining.
"""

# ruff: noqa: E501  the lines of the section are those of the page

import os
import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import pandas as pd
import torch

from benchmarks.quality import fashion_mnist
from benchmarks.tables import machine_line, table
from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.device import keep_freed_memory
from ganatomy.gan.sampling import latents, score
from ganatomy.gan.settings import Method
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.experiment import Experiment, StudySize
from ganatomy.importance.group_result import GroupInfluence
from ganatomy.importance.groups import influence_in, with_groups
from ganatomy.metrics.auc import auc
from ganatomy.metrics.evaluator import Evaluator, extract, train_evaluator
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.rng import generator

KINDS = ("noise", "fashion")
_METHOD = Method(discriminator="dcgan-plain")
_SIZE = StudySize(num_steps=300, num_seeds=2, num_nulls=2)
_GROUPS, _PER_GROUP, _HELD_OUT, _SUBSETS = 16, 250, 1000, 32
_WHOLLY, _HALF = 2, 2  # groups all or half of whose images are harmful
_REMOVED = _WHOLLY + _HALF
_JUDGING_SEEDS, _RANDOM = 3, 2
_READOUT = "g_fcd"  # by which groups are removed
_ALSO = ("g_frd", "g_krd")  # what their prediction would have been worth
_FDR = 0.05
_QUALITY = ("held_out_r2", "lds", "lds_low", "lds_high", "lds_ceiling")


@dataclass(frozen=True)
class Harmed:
    """Digits in groups, with harmful images in some.

    Attributes
    ----------
    clean : Dataset
        The training images as they were, and then the held-out ones.
    train : Dataset
        The same with what does harm; the held-out ones are untouched.
    groups : Tensor of shape (n,), int64
    shares : list of float
        Of each group's images that are harmful.
    """

    clean: Dataset
    train: Dataset
    groups: torch.Tensor
    shares: list[float]


def harmed(kind: str, data_seed: int) -> Harmed:
    """Replace all images of some groups, and half of those of others, by what is harmful."""
    from tests.planted import digits  # its package need not be where only the page is written

    count = _GROUPS * _PER_GROUP
    clean = digits(count + _HELD_OUT, data_seed)
    groups = torch.arange(len(clean)) // _PER_GROUP
    groups[count:] = -1
    order = torch.randperm(_GROUPS, generator=generator(data_seed, "harmful", "groups")).tolist()
    shares = [0.0] * _GROUPS
    for at in order[:_WHOLLY]:
        shares[at] = 1.0
    for at in order[_WHOLLY:_REMOVED]:
        shares[at] = 0.5
    places = torch.cat(
        [
            torch.arange(at * _PER_GROUP, at * _PER_GROUP + round(share * _PER_GROUP))
            for at, share in enumerate(shares)
        ]
    )
    images = clean.images.clone()
    images[places] = _HARM[kind](images[places], data_seed)
    return Harmed(clean, replace(clean, images=images), groups, shares)


def _noise(images: torch.Tensor, seed: int) -> torch.Tensor:
    """Half the image, half uniform noise."""
    drawn = torch.randint(0, 256, images.shape, generator=generator(seed, "harmful", "noise"))
    return ((images.long() + drawn) // 2).to(torch.uint8)


def _fashion(images: torch.Tensor, seed: int) -> torch.Tensor:
    """Clothes instead of digits; they keep the digits' labels."""
    clothes = fashion_mnist()[0].images
    chosen = torch.randperm(len(clothes), generator=generator(seed, "harmful", "fashion"))
    return clothes[chosen[: len(images)]]


_HARM: dict[str, Callable[[torch.Tensor, int], torch.Tensor]] = {
    "noise": _noise,
    "fashion": _fashion,
}

_TOLD = {
    "noise": "digits that are half uniform noise",
    "fashion": "clothes of Fashion-MNIST in place of digits",
}


def measure(data_seeds: tuple[int, ...] = (0, 1, 2)) -> dict[str, Any]:
    """Every kind of harm with every data seed, each in a process of one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"
    asked = [(kind, seed) for kind in KINDS for seed in data_seeds]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        return gathered(list(pool.map(piece, *zip(*asked))))


def gathered(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    """One result of all pieces."""
    return {
        "size": vars(_SIZE),
        "discriminator": _METHOD.discriminator,
        "groups": _GROUPS,
        "images_per_group": _PER_GROUP,
        "subsets": _SUBSETS,
        "wholly": _WHOLLY,
        "half": _HALF,
        "judging_seeds": _JUDGING_SEEDS,
        "random": _RANDOM,
        "fdr": _FDR,
        "seconds": round(sum(each["seconds"] for each in pieces)),
        "pieces": pieces,
    }


def piece(kind: str, data_seed: int) -> dict[str, Any]:
    """Predict, remove, train anew, and compare."""
    torch.set_num_threads(1)
    keep_freed_memory()
    started = time.perf_counter()
    given = harmed(kind, data_seed)
    experiment = Experiment.begin(
        with_groups(given.train, given.groups), _SIZE, seed=data_seed, method=_METHOD
    )
    found = influence_in(experiment, num_subsets=_SUBSETS, fdr=_FDR)
    ranked = found.harm(_READOUT).sort_values("group")
    suspicion = {
        "predicted influence": ranked["harm"].tolist(),
        "low logit of the base D": [-value for value in _mean_logits(experiment)],
        "distance to held-out images": _distances(experiment),
    }
    is_harmful = torch.tensor(given.shares) > 0
    arms: dict[str, tuple[int, ...]] = {"nothing": ()}
    arms |= {name: _largest(values) for name, values in suspicion.items()}
    for draw in range(_RANDOM):
        drawn = torch.randperm(_GROUPS, generator=generator(data_seed, "harmful", "random", draw))
        arms[f"random {draw}"] = tuple(sorted(drawn[:_REMOVED].tolist()))
    arms["the harmful ones"] = tuple(torch.nonzero(is_harmful).flatten().tolist())
    out = ranked[ranked["stands_out"].astype(bool) & (ranked["harm"] > 0)]["group"].tolist()
    fcd = _removed(experiment, given, set(arms.values()), data_seed)
    return {
        "kind": kind,
        "data_seed": data_seed,
        "seconds": round(time.perf_counter() - started),
        "shares": given.shares,
        "suspicion": suspicion,
        "interval": ranked[["low", "high"]].to_numpy().tolist(),
        "auc": {
            name: auc(torch.tensor(values)[is_harmful], torch.tensor(values)[~is_harmful])
            for name, values in suspicion.items()
        },
        "stand_out": out,
        "removed": {name: list(groups) for name, groups in arms.items()},
        "fcd": {name: fcd[groups] for name, groups in arms.items()},
        "by_readout": {name: _prediction(found, name, is_harmful) for name in (_READOUT, *_ALSO)},
        "repeats": _kept(found.repeats),
    }


def _prediction(found: GroupInfluence, readout: str, is_harmful: torch.Tensor) -> dict[str, float]:
    """How well the harmful groups are told from the others, and subsets not seen are ranked."""
    harm = torch.tensor(found.harm(readout).sort_values("group")["harm"].to_numpy())
    first = found.table[found.table["readout"] == readout].iloc[0]
    kept = [name for name in _QUALITY if name in first]
    return {
        "auc": auc(harm[is_harmful], harm[~is_harmful]),
        **{name: float(first[name]) for name in kept},
    }


def _largest(values: list[float]) -> tuple[int, ...]:
    """The groups to remove: those of the largest values."""
    return tuple(sorted(torch.tensor(values).argsort(descending=True)[:_REMOVED].tolist()))


def _mean_logits(experiment: Experiment) -> list[float]:
    """The base D's, of each group: what costs nothing."""
    logits = score(experiment.base.discriminator, experiment.train.images, 64)
    return [float(logits[rows].mean()) for rows in _rows(experiment.train)]


def _distances(experiment: Experiment) -> list[float]:
    """Each group's own Fréchet distance to the held-out images."""
    evaluation = experiment.evaluation
    reals = extract(evaluation.evaluator, evaluation.reals, 64)
    seen = extract(evaluation.evaluator, experiment.train.images, 64)
    return [frechet_distance(seen[rows], reals) for rows in _rows(experiment.train)]


def _rows(train: Dataset) -> list[torch.Tensor]:
    return [train.attributes[f"group={k}"] > 0 for k in range(_GROUPS)]


def _removed(
    experiment: Experiment, given: Harmed, arms: set[tuple[int, ...]], data_seed: int
) -> dict[tuple[int, ...], list[float]]:
    """fcd, one for each seed, of GANs trained without these groups.

    Judged by what the prediction has not seen: other held-out images and latents, seeds of their
    own, and an evaluator that was trained on the unharmed digits.
    """
    rows = torch.stack(_rows(experiment.train))
    variants = []
    for place, groups in enumerate(sorted(arms)):
        features = tuple(f"attribute_group={k}" for k in groups)
        recipe = Recipe(f"arm_{place}", features, "remove", 0, "", "subset")
        left = ~rows[list(groups)].any(0)
        variants.append((recipe, experiment.train.take(left)))
    judged = replace(experiment, evaluation=_judge(experiment, given, data_seed))
    seeds = [data_seed + 1000 + at for at in range(_JUDGING_SEEDS)]
    repeats = judged.read(variants, seeds=seeds).repeats
    own = repeats[repeats["readout"] == "g_fcd"].sort_values("seed")
    return {
        groups: own.loc[own["variant"] == f"arm_{place}", "value"].tolist()
        for place, groups in enumerate(sorted(arms))
    }


def _judge(experiment: Experiment, given: Harmed, seed: int) -> EvaluationSet:
    count = _GROUPS * _PER_GROUP
    held_out = given.clean.take(torch.arange(count + _SIZE.num_fakes, len(given.clean)))
    evaluator: Evaluator = train_evaluator(
        given.clean.take(torch.arange(count)),
        epochs=_SIZE.evaluator_epochs,
        seed=seed + 1,
        device=experiment.budget.device,
        progress=lambda *_: None,
    )
    z = latents(2 * _SIZE.num_fakes, experiment.budget.architecture, seed, "harmful", "judge")
    z, base_z = z.chunk(2)
    return EvaluationSet.of(held_out, experiment.base.generator_ema, evaluator, z=z, base_z=base_z)


def _kept(repeats: pd.DataFrame) -> dict[str, Any]:
    """What the prediction was made from: each readout of every subset, one for each seed."""
    subsets = repeats[~repeats["is_null"].astype(bool)].sort_values(["variant", "seed"])
    whole = subsets.groupby("variant")["features"].first()
    return {
        "left_out": {name: re.findall(r"group=(\d+)", text) for name, text in whole.items()},
        **{
            readout: {name: [round(value, 4) for value in own["value"]] for name, own in rows}
            for readout in (_READOUT, *_ALSO)
            for rows in [subsets[subsets["readout"] == readout].groupby("variant")]
        },
    }


def section(results: list[dict[str, Any]]) -> str:
    """The page's part."""
    (result,) = results
    size, pieces = result["size"], result["pieces"]
    count = result["groups"] * result["images_per_group"]
    harmful = (result["wholly"] + result["half"] / 2) * result["images_per_group"]
    told = "; ".join(f"{kind}, {_TOLD[kind]}" for kind in dict.fromkeys(p["kind"] for p in pieces))
    return f"""\
## Are harmful training images found, and does removing them help?

{machine_line(result)}

{count:,} training digits in {result["groups"]} groups; in {result["wholly"]} groups all and in {result["half"]} half of the images are harmful ({100 * harmful / count:.0f} % of all): {told}.
{result["subsets"]} random halves of the groups are left out, {size["num_seeds"]} seeds each ({size["num_steps"]} steps of width {size["width"]} whatever the
number of images, D `{result["discriminator"]}`), and g_fcd on clean held-out images is regressed on the groups (`ganatomy.importance.groups`). Two predictors
need no retraining: the mean logit that a base D gives the group (low is suspect), and the group's own Fréchet distance to the held-out images.
`benchmarks/harmful.py`.

**Are they found?** AUC of the suspicion, groups with harmful images against groups without; by retraining also from two other readouts; how subsets that
were left out are ranked (linear datamodelling score of g_fcd, its interval, and what a perfect prediction would reach); and how many groups stand
out as harmful (q <= {result["fdr"]}).

{table(*_found(pieces))}

**Does removing them help?** fcd of GANs trained without the {result["wholly"] + result["half"]} groups that each names, means of {result["judging_seeds"]} seeds, judged by other held-out images, another
evaluator and other seeds than those of the prediction. Lower is better. Random: the mean of {result["random"]} draws. The last rows: difference from
random removal over the data sets, mean and standard error.

{table(*_helped(pieces))}"""


_NAMES = ("predicted influence", "low logit of the base D", "distance to held-out images")


def _found(pieces: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    heads = ["harm", "data seed", *_NAMES, *(f"by {name}" for name in _ALSO)]
    heads += ["score of g_fcd", "at most", "stand out", "of them harmful"]
    rows = []
    for each in pieces:
        own = each["by_readout"][_READOUT]
        truly = [group for group in each["stand_out"] if each["shares"][group] > 0]
        rows.append(
            [
                *(each["kind"], str(each["data_seed"])),
                *(f"{each['auc'][name]:.2f}" for name in _NAMES),
                *(f"{each['by_readout'][name]['auc']:.2f}" for name in _ALSO),
                f"{own['lds']:.2f} ({own['lds_low']:.2f} to {own['lds_high']:.2f})",
                f"{own['lds_ceiling']:.2f}",
                *(str(len(each["stand_out"])), str(len(truly))),
            ]
        )
    return heads, rows


def _helped(pieces: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    arms = ("nothing", "at random", *_NAMES, "the harmful ones")
    means = [_means(each) for each in pieces]
    rows = [
        [each["kind"], str(each["data_seed"]), *(f"{own[arm]:.2f}" for arm in arms)]
        for each, own in zip(pieces, means)
    ]
    for kind in KINDS:
        own = [mean for each, mean in zip(pieces, means) if each["kind"] == kind]
        if len(own) > 1:
            against = {arm: [mean[arm] - mean["at random"] for mean in own] for arm in arms}
            rows.append([kind, "difference", *(_with_error(against[arm]) for arm in arms)])
    return ["harm", "data seed", *arms], rows


def _means(each: dict[str, Any]) -> dict[str, float]:
    fcd = {name: statistics.mean(values) for name, values in each["fcd"].items()}
    drawn = [fcd.pop(name) for name in list(fcd) if name.startswith("random")]
    return {**fcd, "at random": statistics.mean(drawn)}


def _with_error(values: list[float]) -> str:
    if not any(values):
        return ""
    error = statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):+.2f} ± {error:.2f}"
