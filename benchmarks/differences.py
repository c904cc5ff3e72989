"""Is a difference found where there is one, and not where there is none?"""

# ruff: noqa: E501  the lines are those of the page

import time
from itertools import combinations
from typing import Any

import torch

from benchmarks.noise import DISCRIMINATOR
from benchmarks.tables import Result, machine_line, table
from ganatomy.blur import gaussian_blur
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float, to_uint8
from ganatomy.device import keep_freed_memory
from ganatomy.gan.sampling import generate, latents
from ganatomy.gan.settings import Method
from ganatomy.importance.comparison import ALPHA, Comparison
from ganatomy.importance.comparison_study import compare
from ganatomy.importance.experiment import Experiment
from ganatomy.metrics.evaluator import Evaluator
from ganatomy.rng import generator
from tests.planted import digits

_COUNT = 200  # images of each kind
_ALIKE, _PLANTED, _GANS = 30, 8, 4


def measure() -> dict[str, Any]:
    """Real digits in place of generated ones, alike and worse; then trainings of one kind."""
    torch.set_num_threads(1)
    keep_freed_memory()
    started = time.perf_counter()
    experiment = Experiment.begin(digits(5000), method=Method(discriminator=DISCRIMINATOR))
    evaluator = experiment.evaluation.evaluator
    alike = [_told(_pair(experiment.train, seed, "alike", evaluator)) for seed in range(_ALIKE)]
    planted = {
        kind: [_told(_pair(experiment.train, seed, kind, evaluator)) for seed in range(_PLANTED)]
        for kind in ("blurred", "class", "noise")
    }
    return {
        "count": _COUNT,
        "alike": alike,
        "planted": planted,
        "trainings": _trainings(experiment),
        "seconds": round(time.perf_counter() - started),
    }


def _told(found: Comparison) -> dict[str, Any]:
    rows = found.found()
    return {
        "found": rows["readout"].tolist(),
        "closer": sorted({found.closer(name) or "" for name in rows["readout"]}),
        "kernel_p": found.facts.kernel_p,
    }


def _pair(data: Dataset, seed: int, kind: str, evaluator: Evaluator) -> Comparison:
    """Digits in three disjoint sets: A's, B's, and the real ones; of `kind` B's are worse."""
    order = torch.randperm(len(data), generator=generator(seed, "differences"))
    a, b, reals = (data.take(order[k * _COUNT : (k + 1) * _COUNT]) for k in range(3))
    images = b.images.clone()
    if kind == "blurred":  # three of ten, a little
        images[: _COUNT // 3] = _blurred(images[: _COUNT // 3])
    elif kind == "class":  # one of ten is missing
        rest = data.take(order[3 * _COUNT :])
        images = torch.cat([images[b.labels != 4], rest.images[rest.labels != 4]])[:_COUNT]
    elif kind == "noise":
        draw = generator(seed, "differences", "noise")
        images = to_uint8(to_float(images) + 0.1 * torch.randn(images.shape, generator=draw))
    return compare(a.images, images, reals=reals, evaluator=evaluator, count=_COUNT, seed=seed)


def _blurred(images: torch.Tensor) -> torch.Tensor:
    return to_uint8(gaussian_blur(to_float(images), (1.0, 1.0), (3, 3), edges="replicate"))


def _trainings(experiment: Experiment) -> dict[str, Any]:
    """GANs of one method with other seeds, two by two, judged by sampling alone."""
    null, *_ = experiment.recipes([])
    members = experiment.members([(null, experiment.train)], seeds=range(_GANS))
    count = len(experiment.evaluation.z)
    z = latents(count, experiment.base.architecture, 0, "differences")
    images = [to_uint8(generate(member.generator, z)) for member in members if member.generator]
    told = [
        _told(
            compare(
                one,
                other,
                reals=experiment.evaluation.held_out,
                evaluator=experiment.evaluation.evaluator,
                count=count,
            )
        )
        for one, other in combinations(images, 2)
    ]
    return {"count": count, "pairs": told}


def section(results: list[Result]) -> str:
    """Of the page."""
    result = results[0]
    alike, pairs = result["alike"], result["trainings"]["pairs"]
    names = {
        "blurred": "a third of B's images blurred by one pixel",
        "class": "B lacks one class of ten",
        "noise": "B's pixels with noise of 13 grey levels",
    }
    rows = [
        ["A and B alike", str(len(alike)), _share(alike), "–", _by_kernel(alike)],
        *(
            [names[kind], str(len(told)), _share(told), _rightly(told), _by_kernel(told)]
            for kind, told in result["planted"].items()
        ),
        ["two trainings of one kind", str(len(pairs)), _share(pairs), "–", _by_kernel(pairs)],
    ]
    heads = [
        "",
        "pairs",
        "a difference is found",
        "and A called closer",
        "kernel test, p at most 0.05",
    ]
    return f"""\
## Is a difference found where there is one?

{machine_line(result)}

`ganatomy.compare`, sampling noise alone, {result["count"]} images of each kind (of the trainings {result["trainings"]["count"]}). The first rows
are real digits in place of generated ones; the last are GANs of `StudySize()` with other seeds, two by two of {_GANS}: what is found
there is no difference of methods, and only the noise of retraining can say so. {result["seconds"]} s, one thread. `benchmarks/differences.py`.

{table(heads, rows)}"""


def _share(told: list[dict[str, Any]]) -> str:
    return f"{sum(bool(each['found']) for each in told)}"


def _rightly(told: list[dict[str, Any]]) -> str:
    return f"{sum(each['closer'] == ['A'] for each in told)}"


def _by_kernel(told: list[dict[str, Any]]) -> str:
    return f"{sum(each['kernel_p'] <= ALPHA for each in told)}"
