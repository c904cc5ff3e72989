"""The maps of one network put to every test: those of D, and those within G."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn

from ganatomy.explain.faithfulness.effort import Effort
from ganatomy.explain.faithfulness.examination import Examination, examine
from ganatomy.explain.faithfulness.infidelity import sensitivity
from ganatomy.explain.faithfulness.randomisation import randomisation
from ganatomy.explain.faithfulness.resolution import cam_cells, image_cells
from ganatomy.explain.faithfulness.stability import seed_stability
from ganatomy.explain.faithfulness.verdict import trust
from ganatomy.explain.lime.hiding import fills_of
from ganatomy.explain.maps.methods import LIME, Again, Methods, refusals
from ganatomy.explain.maps.which import path_of
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target, d_logit, d_logit_of_g

NEEDS_D = (
    "what is judged is what a map says of D's logit, and no discriminator was given: pixels are "
    "removed, and D is asked again"
)
"""Why nothing is judged of a generator alone; maps of its own targets are put to other checks."""

TESTS_OF_D, TESTS_OF_G = 9, 7  # as many as are told to `on_test`
_FEW = 16  # images of the tests that explain anew many times
_G = path_of("G", "")  # before the names of its layers
Maps = dict[str, torch.Tensor]
Hide = Callable[[torch.Tensor, int], torch.Tensor]
Refusal = dict[str, str | int]


@dataclass(frozen=True, eq=False)
class JudgedMaps:
    """Maps of one network, and what the tests measured of them.

    Attributes
    ----------
    maps : dict of str to Tensor of shape (n, h, w)
        By method; NaN where a map means nothing.
    examination : Examination
    cascade : DataFrame
        As of `randomisation.randomisation`.
    refusals : tuple of dict
        Maps that mean nothing: ``method``, ``reason``, the number of ``images`` and ``of`` how
        many.
    """

    maps: Maps
    examination: Examination
    cascade: pd.DataFrame
    refusals: tuple[Refusal, ...]


def judge_discriminator(
    subjects: Subjects,
    pool: torch.Tensor,
    methods: Methods,
    *,
    effort: Effort,
    seed: int,
    on_test: Callable[[str], None] = lambda test: None,
) -> JudgedMaps:
    """Judge every kind of map of D's logit, at all real and generated images that there are.

    Parameters
    ----------
    subjects : Subjects
    pool : Tensor of shape (k, c, h, w)
        Other images, for the removal and the baselines that need some.
    methods : Methods
    effort : Effort
    seed : int
    on_test : callable
        Told the name of each test that is done, `TESTS_OF_D` in all.
    """
    given = [each for each in (subjects.real, subjects.fake) if len(each)]
    few = -(-few_of(given[0]) // len(given))
    return judge_images(
        subjects.discriminator,
        subjects.d_layers.convolutions,
        torch.cat(given).to(subjects.device),
        some=torch.cat([each[:few] for each in given]).to(subjects.device),
        hide=lambda images, own: fills_of(methods.hiding, images, pool, seed=own),
        pool=pool,
        methods=methods,
        effort=effort,
        seed=seed,
        on_test=on_test,
    )


def judge_images(
    discriminator: nn.Module,
    layers: Sequence[str],
    images: torch.Tensor,
    *,
    some: torch.Tensor,
    hide: Hide,
    pool: torch.Tensor,
    methods: Methods,
    effort: Effort,
    seed: int,
    on_test: Callable[[str], None] = lambda test: None,
) -> JudgedMaps:
    """Judge every kind of map of a discriminator's logit at images.

    Parameters
    ----------
    discriminator : nn.Module
    layers : sequence of str
        Those with class activation maps.
    images : Tensor of shape (n, c, h, w), on the network's device
    some : Tensor of shape (m, c, h, w)
        Those of the tests that explain anew many times.
    hide : callable
        Images and a seed to what hides them, (n, k, c, h, w).
    pool : Tensor of shape (k, c, h, w)
        Other images, from which removed content is filled in once more.
    methods : Methods
    effort : Effort
    seed : int
    on_test : callable
        Told the name of each test that is done, `TESTS_OF_D` in all.
    """
    target = d_logit(discriminator)
    fills = hide(images, seed)
    maps = methods.maps(target, layers, images, fills, seed)
    on_test("maps of D")
    anew = methods.quietly()
    stability = {"seed_stability": _between_seeds(target, some, hide, anew, effort, seed)}
    on_test("seeds")
    clean = hide(some, seed)  # noise is to change nothing else
    stability["sensitivity"] = sensitivity(
        lambda noisy: anew.maps(target, layers, noisy, clean, seed),
        some,
        seed,
        num_samples=effort.num_perturbations,
    )
    on_test("sensitivity of D's maps")
    cascade = randomisation(
        discriminator,
        lambda model: anew.maps(d_logit(model), layers, some, clean, seed),
        seed,
        num_draws=effort.num_seeds,
    )
    on_test("D randomised")
    kept, refused = without_refused(
        target,
        images,
        maps,
        images=images,
        again=lambda other, part: anew.maps(other, layers, part, fills[: len(part)], seed),
    )
    examination = examine(
        target,
        images,
        kept,
        fill=fills[:, 0],
        pool=pool,
        cells=image_cells(methods, target, layers, images),
        stability=stability,
        cascade=cascade,
        seed=seed,
        num_steps=effort.num_steps,
        on_progress=on_test,
        on_warning=methods.on_warning,
    )
    return JudgedMaps(kept, examination, cascade, refused)


def judge_generator(
    subjects: Subjects,
    pool: torch.Tensor,
    methods: Methods,
    *,
    effort: Effort,
    seed: int,
    on_test: Callable[[str], None] = lambda test: None,
) -> JudgedMaps | None:
    """Judge the maps of D's logit within G: do the places that they name count?

    Parameters
    ----------
    subjects, pool, methods, effort, seed
        As of `judge_discriminator`.
    on_test : callable
        Told the name of each test that is done, `TESTS_OF_G` in all.

    Returns
    -------
    JudgedMaps or None
        None where G has no maps: none was given, no layer of its own, or no method for layers.
    """
    if not has_maps_of_g(subjects, methods):
        return None
    layers = [_G + name for name in subjects.g_layers.wide]
    images, z = subjects.fake.to(subjects.device), subjects.z.to(subjects.device)
    some, latent_dim = z[: few_of(images)], subjects.latent_dim

    def explain_target(target: Target, latents: torch.Tensor) -> Maps:
        cams = methods.cam_maps(target, layers, latents, subjects.size)
        return {name.replace(_G, "G "): each for name, each in cams.items()}

    def explain(model: nn.Module, latents: torch.Tensor) -> Maps:
        return explain_target(d_logit_of_g(model, subjects.discriminator), latents)

    def explain_noisy(noisy: torch.Tensor) -> Maps:
        latents = torch.cat([noisy[:, :latent_dim], some[:, latent_dim:]], 1)
        return explain(subjects.generator, latents)

    maps = explain(subjects.generator, z)
    stability = {
        "sensitivity": sensitivity(explain_noisy, some, seed, num_samples=effort.num_perturbations)
    }
    on_test("maps of G")
    cascade = randomisation(
        subjects.generator, lambda model: explain(model, some), seed, num_draws=effort.num_seeds
    )
    on_test("G randomised")
    whole = d_logit_of_g(subjects.generator, subjects.discriminator)
    of_layers = cam_cells(methods, whole, layers, z, size=subjects.size)
    cells = {name.replace(_G, "G "): each for name, each in of_layers.items()}
    kept, refused = without_refused(whole, z, maps, images=images, again=explain_target)
    examination = examine(
        d_logit(subjects.discriminator),
        images,
        kept,
        fill=fills_of(methods.hiding, images, pool, seed=seed)[:, 0],
        pool=pool,
        cells=cells,
        stability=stability,
        cascade=cascade,
        seed=seed,
        num_steps=effort.num_steps,
        on_progress=on_test,
        on_warning=methods.on_warning,
    )
    return JudgedMaps(kept, examination, cascade, refused)


def has_maps_of_g(subjects: Subjects, methods: Methods) -> bool:
    """Say whether there is anything to judge within the generator."""
    return bool(subjects.g_layers.wide and methods.cams)


def without_refused(
    target: Target,
    inputs: torch.Tensor,
    maps: Maps,
    *,
    images: torch.Tensor,
    again: Again | None = None,
) -> tuple[Maps, tuple[Refusal, ...]]:
    """Replace maps that mean nothing by NaN, and list each reason once; see `methods.refusals`."""
    kept, told = {}, []
    for name, reasons in refusals(target, inputs, maps, images=images, again=again).items():
        sound = torch.tensor([not reason for reason in reasons])
        kept[name] = torch.where(sound[:, None, None], maps[name], torch.nan)
        for reason in dict.fromkeys(filter(None, reasons)):
            about: Refusal = {"method": name, "reason": reason}
            told.append({**about, "images": reasons.count(reason), "of": len(reasons)})
    return kept, tuple(told)


def verdicts_on(measures: pd.DataFrame, refusals: tuple[Refusal, ...]) -> pd.DataFrame:
    """Give the verdict on each method, and in ``refused`` why some of its maps mean nothing."""
    verdicts = trust(measures)
    verdicts["refused"] = [
        "; ".join(
            f"{row['images']} of {row['of']} maps mean nothing: {row['reason']}"
            for row in refusals
            if row["method"] == method
        )
        for method in verdicts["method"]
    ]
    return verdicts


def _between_seeds(
    target: Target,
    images: torch.Tensor,
    hide: Hide,
    methods: Methods,
    effort: Effort,
    seed: int,
) -> Maps:
    """Stability of the one method that draws."""

    def explain(own: int) -> Maps:
        return {LIME: methods.lime_map(target, images, hide(images, own), own)}

    return seed_stability([explain(seed + number) for number in range(effort.num_seeds)])


def few_of(images: torch.Tensor) -> int:
    """Choose how many images are explained anew many times: fewer of large ones."""
    return max(4, min(_FEW, _FEW * 32**2 // images[0, 0].numel()))
