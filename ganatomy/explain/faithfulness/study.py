"""Is each explanation true, and do they agree? The study that judges every kind of map."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pandas as pd

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.effort import DEFAULT_EFFORT, Effort
from ganatomy.explain.faithfulness.judged import (
    NEEDS_D,
    TESTS_OF_D,
    TESTS_OF_G,
    JudgedMaps,
    has_maps_of_g,
    judge_discriminator,
    judge_generator,
    verdicts_on,
)
from ganatomy.explain.faithfulness.known_truth import try_on_planted_truth
from ganatomy.explain.faithfulness.region_comparison import compare_regions
from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.faithfulness.shown import ShownImages
from ganatomy.explain.faithfulness.verdict import RULES
from ganatomy.explain.lime.baseline_check import settled_for
from ganatomy.explain.lime.pool import pool_of
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.networks.named import Vocabulary
from ganatomy.explain.networks.subjects import Subjects

__all__ = ["Effort", "FaithfulnessStudy", "judge_explanations"]


def judge_explanations(
    subjects: Subjects,
    methods: Methods,
    vocabulary: Vocabulary | None = None,
    *,
    ranking: pd.DataFrame | None = None,
    effort: Effort = DEFAULT_EFFORT,
    seed: int = 0,
    on_progress: Callable[[int, int, str], None] = lambda done, total, test: None,
) -> FaithfulnessStudy:
    """Put every kind of map to the test, and compare which regions they call important.

    All of them are maps of D's logit. Without a generator those within it are not there to judge;
    without real images regions are not compared.

    Parameters
    ----------
    subjects : Subjects
        Their images are the ones that are judged on. A discriminator is needed.
    methods : Methods
        How the maps are made: as those that are shown, or the verdict is about others. What hides
        is settled on the real images, or on the generated ones where there are no others, unless
        it was before.
    vocabulary : Vocabulary, optional
        Its regions are compared, and its training images are the other images that some baselines
        need.
    ranking : DataFrame, optional
        What retraining tells of regions, as of `regions.compare_regions`.
    effort : Effort
    seed : int
    on_progress : callable
        Tests done, how many there are, and the name of the last one.

    Raises
    ------
    InputError
        No discriminator; those of the maps and of the tests.

    Examples
    --------
    >>> import torch
    >>> from ganatomy.explain.lime.settings import Hiding, LimeSampling
    >>> generator = torch.nn.Sequential(torch.nn.Linear(2, 64), torch.nn.Unflatten(1, (1, 8, 8)))
    >>> head = torch.nn.Flatten(), torch.nn.Linear(64, 1), torch.nn.Flatten(0)
    >>> real, z = torch.rand(4, 1, 8, 8) * 2 - 1, torch.randn(4, 2)
    >>> subjects = Subjects.of(generator, torch.nn.Sequential(*head), real=real, z=z)
    >>> methods = Methods((), LimeSampling(num_samples=50), Hiding(segment_side=2), num_steps=2)
    >>> effort = Effort(num_steps=2, num_perturbations=2, num_seeds=2)
    >>> study = judge_explanations(subjects, methods, effort=effort)
    >>> list(study.verdicts["method"])
    ['lime', 'integrated gradients', 'occlusion']
    """
    if not subjects.has_discriminator:
        raise InputError(NEEDS_D, "subjects", "Give one, or leave the tests out.")
    numbers = count(1)
    total = TESTS_OF_D + (TESTS_OF_G if has_maps_of_g(subjects, methods) else 0) + 1

    def done(test: str) -> None:
        on_progress(next(numbers), total, test)

    pool = pool_of(subjects, vocabulary)
    hiding = settled_for(subjects, methods.hiding, pool, seed=seed)
    methods = replace(methods, hiding=hiding)
    d_judged = judge_discriminator(subjects, pool, methods, effort=effort, seed=seed, on_test=done)
    g_judged = judge_generator(subjects, pool, methods, effort=effort, seed=seed, on_test=done)
    of_reals = {name: each[: len(subjects.real)] for name, each in d_judged.maps.items()}
    regions = compare_regions(of_reals, vocabulary, ranking) if len(subjects.real) else None
    size, channels = subjects.size[0], subjects.real.shape[1]
    planted = try_on_planted_truth(methods, seed, image_size=size, channels=channels)
    done("planted truth")
    judged = {"d": d_judged} if g_judged is None else {"d": d_judged, "g": g_judged}
    refusals = tuple(row for each in judged.values() for row in each.refusals)
    measures = _stacked(judged, "measures")
    return FaithfulnessStudy(
        verdicts_on(measures, refusals),
        measures,
        _stacked(judged, "curves"),
        _stacked(judged, "scores"),
        {name: each.cascade for name, each in judged.items()},
        regions,
        planted,
        RULES,
        refusals,
        {name: maps for each in judged.values() for name, maps in each.maps.items()},
        hiding,
        ShownImages.of(subjects),
    )


def _stacked(judged: dict[str, JudgedMaps], table: str) -> pd.DataFrame:
    parts: list[pd.DataFrame] = [getattr(each.examination, table) for each in judged.values()]
    return pd.concat(parts, ignore_index=True)
