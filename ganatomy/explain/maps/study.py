"""Where D looks, which parts of G carry what, and whether that is so: the study of maps."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import torch

from ganatomy.explain.maps.asked import Answers, ask_generator
from ganatomy.explain.maps.cases import LOCAL, Explained, Refusal, explain_case, told
from ganatomy.explain.maps.choices import DEFAULT_CAMS
from ganatomy.explain.maps.class_means import ClassMeans
from ganatomy.explain.maps.comparison import Comparison
from ganatomy.explain.maps.film import History, film_of
from ganatomy.explain.maps.missing import NETWORK_OF, askable, missing
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.explain.networks.concepts import Concept
from ganatomy.explain.networks.hooks import kept
from ganatomy.explain.networks.measures import Measure, measures_for
from ganatomy.explain.networks.named import (
    Vocabulary,
    fitted_concepts,
    readings,
    targets_of_generator,
    usual_targets,
)
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target, d_logit, d_logit_of_g, difference
from ganatomy.explain.units.carriers import find_carriers
from ganatomy.explain.units.causes import check_causes, joined

__all__ = ["MapsStudy", "explain_by_maps"]

_FILM_COLUMNS = 6
_PARTS = 6
Warn = Callable[[str], None]


def explain_by_maps(
    subjects: Subjects,
    vocabulary: Vocabulary | None = None,
    *,
    methods: Sequence[str] = DEFAULT_CAMS,
    targets: Sequence[str] = (),
    concepts: Sequence[str] = (),
    further: Mapping[str, Target] = {},
    carried: Mapping[str, Measure] = {},
    history: History = (),
    num_images: int = 8,
    num_ablated: int = 64,
    num_random: int = 10,
    num_units: int = 256,
    fdr: float = 0.05,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Warn = lambda text: None,
) -> MapsStudy:
    """Explain both networks of a GAN by signed maps, and check what the maps claim.

    Of a GAN of which parts are missing what can be asked is asked, and `MapsStudy.left_out` says
    what cannot. Without a discriminator G is asked for its targets alone, by default for
    `usual_targets`, and each of them is put to the causal check that D's logit is put to else.

    Parameters
    ----------
    subjects : Subjects
        Means are taken over all of their images.
    vocabulary : Vocabulary, optional
        What the names in `targets` and `concepts` can mean; not needed without any, nor for what
        is measured straight on images: brightness and the like, cells of the usual grid.
    methods : sequence of str
        Of `gradcam.METHODS`.
    targets : sequence of str
        Targets of G beside D's logit, of `named.KINDS`: ``class``, ``region(NAME)``,
        ``brightness`` and so on.
    concepts : sequence of str
        Features of the data that units of G may carry.
    further : mapping of str to Target
        More targets of G, functions of z that run through ``subjects.generator``, by names of
        one's own.
    carried : mapping of str to callable
        What else of images (n, c, h, w) units of G may carry, by names of one's own: to (n,).
    history : iterable of (int, nn.Module, nn.Module)
        Step, generator and discriminator of a training's course, for the film.
    num_images : int
        How many images' maps are kept.
    num_ablated : int
        Images whose channels are taken away, and latents that every unit is tried on.
    num_random : int
        Random choices of channels that each check is compared with.
    num_units : int
        The most units of G to try.
    fdr : float in (0, 1)
        Share of false ones among the units that stand out.
    seed : int
    on_progress : callable
        Parts done, and of how many.
    on_warning : callable
        Told of layers without maps, and of what is left out.

    Raises
    ------
    InputError
        An unknown method, target or concept; a target of `further` that does not run through G.

    Examples
    --------
    >>> from ganatomy.explain.networks.subjects import Subjects
    >>> layers = torch.nn.ConvTranspose2d(2, 4, 8), torch.nn.ReLU(), torch.nn.Conv2d(4, 1, 1)
    >>> generator = torch.nn.Sequential(torch.nn.Unflatten(1, (2, 1, 1)), *layers)
    >>> alone = Subjects.of(generator, None, z=torch.randn(4, 2))
    >>> study = explain_by_maps(alone, targets=["brightness"], num_ablated=4)
    >>> list(study.cases), list(study.asked.maps), list(study.left_out)
    ([], ['brightness'], ['discriminator'])
    """
    _tell_of_layers(subjects, on_warning)
    left_out = missing(subjects)
    if not (targets or further or subjects.has_discriminator):
        targets = usual_targets(subjects.fake.shape[1])
    named = targets_of_generator(
        targets if subjects.has_generator else (), subjects, vocabulary, on_warning=on_warning
    )
    fitted: list[Concept] = []
    if subjects.evaluator is not None:
        fitted = fitted_concepts(concepts, subjects.evaluator, vocabulary, on_warning=on_warning)
    with kept(subjects.generator, subjects.discriminator):
        cases = _cases(subjects, askable(left_out), methods, num_images, on_warning)
        on_progress(1, _PARTS)
        asked = ask_generator({**named, **further}, subjects, on_warning=on_warning)
        on_progress(2, _PARTS)
        comparison = _comparison(cases, num_images)
        on_progress(3, _PARTS)
        causal = _check(cases, asked, subjects, num_ablated, num_random, seed, on_warning)
        on_progress(4, _PARTS)
        carriers = find_carriers(
            subjects,
            fitted,
            measures=_measures(targets, subjects, vocabulary),
            further=carried,
            num_latents=num_ablated,
            num_units=num_units,
            fdr=fdr,
            on_warning=on_warning,
        )
        on_progress(5, _PARTS)
        whole = subjects.has_generator and subjects.has_discriminator
        film = film_of(history if whole else (), subjects, _FILM_COLUMNS, on_warning=on_warning)
        on_progress(_PARTS, _PARTS)
    given = {"D": subjects.has_discriminator, "G": subjects.has_generator}
    layers = {"D": subjects.d_layers, "G": subjects.g_layers}
    return MapsStudy(
        tuple(methods),
        {name: len(layers[name].convolutions) for name in layers if given[name]},
        {key: each.case.first(num_images) for key, each in cases.items()},
        None if asked is None else asked.maps.first(num_images),
        comparison,
        _class_means(cases, subjects),
        causal,
        carriers,
        film,
        tuple(_refusals(cases, asked)),
        left_out,
        subjects.fake[:num_images],
        subjects.g_layers.convolutions,
    )


def _tell_of_layers(subjects: Subjects, on_warning: Warn) -> None:
    for network, given, layers in (
        ("D", subjects.has_discriminator, subjects.d_layers),
        ("G", subjects.has_generator, subjects.g_layers),
    ):
        for name, reason in layers.left_out.items():
            on_warning(f"{network}'s layer {name} has no maps: it {reason}")
        if given and not layers.convolutions:
            on_warning(f"no layer of {network} returns a feature map: it has no maps")


def _cases(
    subjects: Subjects,
    keys: Sequence[str],
    methods: Sequence[str],
    shown: int,
    on_warning: Warn,
) -> dict[str, Explained]:
    d_target = d_logit(subjects.discriminator)
    g_target = d_logit_of_g(subjects.generator, subjects.discriminator)
    both = min(shown, len(subjects.real), len(subjects.fake))
    pairs = torch.stack([subjects.real[:both], subjects.fake[:both]], 1)
    given = {
        "d_real": (d_target, subjects.real, subjects.real),
        "d_fake": (d_target, subjects.fake, subjects.fake),
        "g_fake": (g_target, subjects.z, subjects.fake),
        "difference": (difference(subjects.discriminator), pairs, subjects.fake),
    }
    return {
        key: explain_case(
            target,
            NETWORK_OF[key],
            subjects.g_layers if NETWORK_OF[key] == "G" else subjects.d_layers,
            inputs=inputs,
            images=images,
            methods=methods,
            device=subjects.device,
            judged=key != "difference",
            on_warning=on_warning,
        )
        for key, (target, inputs, images) in given.items()
        if key in keys
    }


def _check(
    cases: dict[str, Explained],
    asked: Answers | None,
    subjects: Subjects,
    count: int,
    num_random: int,
    seed: int,
    on_warning: Warn,
) -> pd.DataFrame:
    if not subjects.has_discriminator:
        return joined(
            []
            if asked is None
            else asked.checked(
                subjects, count, num_random=num_random, seed=seed, on_warning=on_warning
            )
        )
    d_target = d_logit(subjects.discriminator)
    g_target = d_logit_of_g(subjects.generator, subjects.discriminator)
    of_d = "d_real" if "d_real" in cases else "d_fake"
    given = (
        ("D", of_d, d_target, subjects.d_layers, getattr(subjects, of_d.removeprefix("d_"))),
        ("G", "g_fake", g_target, subjects.g_layers, subjects.z),
    )
    tables = [
        check_causes(
            target,
            network,
            layers,
            inputs=inputs[:count].to(subjects.device),
            contributions={layer: each[:count] for layer, each in cases[key].contributions.items()},
            num_random=num_random,
            seed=seed,
            on_warning=on_warning,
        )
        for network, key, target, layers, inputs in given
        if key in cases
    ]
    return joined(tables)


def _measures(
    targets: Sequence[str], subjects: Subjects, vocabulary: Vocabulary | None
) -> dict[str, Measure]:
    """Give what units are read by where neither D nor an evaluator reads images."""
    names = (*measures_for(subjects.fake.shape[1]), *targets)
    return readings(names, subjects, vocabulary) if subjects.has_generator else {}


def _refusals(cases: dict[str, Explained], asked: Answers | None) -> list[Refusal]:
    refusals = [row for key, each in cases.items() for row in told(key, each.case.reasons)]
    for name, reasons in (asked.maps.reasons if asked else {}).items():
        refusals += told(name, {name: reasons})
    return refusals


def _comparison(cases: dict[str, Explained], shown: int) -> Comparison | None:
    if not all(key in cases and cases[key].means_something for key in ("d_fake", "g_fake")):
        return None
    d_maps, g_maps = cases["d_fake"].whole, cases["g_fake"].whole
    return None if d_maps is None or g_maps is None else Comparison.of(d_maps, g_maps, shown)


def _class_means(cases: dict[str, Explained], subjects: Subjects) -> ClassMeans:
    labels = {
        "d_real": subjects.real_labels,
        "d_fake": subjects.fake_labels,
        "g_fake": subjects.fake_labels,
    }
    given = {
        key: (whole, labels[key])
        for key in labels
        if key in cases and (whole := cases[key].whole) is not None and cases[key].means_something
    }
    return ClassMeans.of(given, subjects, LOCAL)
