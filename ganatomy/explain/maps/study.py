"""Where D looks, which parts of G carry what, and whether that is so: the study of maps."""

from collections.abc import Callable, Sequence

import pandas as pd
import torch

from ganatomy.explain.maps.asked import AskedMaps, ask_generator
from ganatomy.explain.maps.cases import LOCAL, Explained, Refusal, explain_case, told
from ganatomy.explain.maps.choices import DEFAULT_CAMS
from ganatomy.explain.maps.class_means import ClassMeans
from ganatomy.explain.maps.comparison import Comparison
from ganatomy.explain.maps.film import History, film_of
from ganatomy.explain.maps.result import NETWORK_OF, MapsStudy
from ganatomy.explain.networks.concepts import Concept
from ganatomy.explain.networks.named import Vocabulary, fitted_concepts, targets_of_generator
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import d_logit, d_logit_of_g, difference
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

    Parameters
    ----------
    subjects : Subjects
        Means are taken over all of their images.
    vocabulary : Vocabulary, optional
        What the names in `targets` and `concepts` can mean; not needed without any.
    methods : sequence of str
        Of `gradcam.METHODS`.
    targets : sequence of str
        Further targets of G: ``class``, ``class(NAME)``, ``concept(NAME)``, ``region(NAME)``.
    concepts : sequence of str
        Features of the data that units of G may carry.
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
        An unknown method, target or concept.
    """
    _tell_of_layers(subjects, on_warning)
    further = targets_of_generator(targets, subjects, vocabulary, on_warning=on_warning)
    carried: list[Concept] = []
    if subjects.evaluator is not None:
        carried = fitted_concepts(concepts, subjects.evaluator, vocabulary, on_warning=on_warning)
    cases = _cases(subjects, methods, num_images, on_warning)
    on_progress(1, _PARTS)
    asked = ask_generator(further, subjects, on_warning=on_warning)
    on_progress(2, _PARTS)
    comparison = _comparison(cases, num_images)
    on_progress(3, _PARTS)
    causal = _check(cases, subjects, num_ablated, num_random, seed, on_warning)
    on_progress(4, _PARTS)
    carriers = find_carriers(
        subjects,
        carried,
        num_latents=num_ablated,
        num_units=num_units,
        fdr=fdr,
        on_warning=on_warning,
    )
    on_progress(5, _PARTS)
    film = film_of(history, subjects, _FILM_COLUMNS, on_warning=on_warning)
    on_progress(_PARTS, _PARTS)
    return MapsStudy(
        tuple(methods),
        {"D": len(subjects.d_layers.convolutions), "G": len(subjects.g_layers.convolutions)},
        {key: each.case.first(num_images) for key, each in cases.items()},
        asked and asked.first(num_images),
        comparison,
        _class_means(cases, subjects),
        causal,
        carriers,
        film,
        tuple(_refusals(cases, asked)),
    )


def _tell_of_layers(subjects: Subjects, on_warning: Warn) -> None:
    for network, layers in (("D", subjects.d_layers), ("G", subjects.g_layers)):
        for name, reason in layers.left_out.items():
            on_warning(f"{network}'s layer {name} has no maps: it {reason}")
        if not layers.convolutions:
            on_warning(f"no layer of {network} returns a feature map: it has no maps")


def _cases(
    subjects: Subjects, methods: Sequence[str], shown: int, on_warning: Warn
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
    }


def _check(
    cases: dict[str, Explained],
    subjects: Subjects,
    count: int,
    num_random: int,
    seed: int,
    on_warning: Warn,
) -> pd.DataFrame:
    d_target = d_logit(subjects.discriminator)
    g_target = d_logit_of_g(subjects.generator, subjects.discriminator)
    given = (
        ("D", d_target, subjects.d_layers, subjects.real, cases["d_real"]),
        ("G", g_target, subjects.g_layers, subjects.z, cases["g_fake"]),
    )
    tables = [
        check_causes(
            target,
            network,
            layers,
            inputs=inputs[:count].to(subjects.device),
            contributions={layer: each[:count] for layer, each in explained.contributions.items()},
            num_random=num_random,
            seed=seed,
            on_warning=on_warning,
        )
        for network, target, layers, inputs, explained in given
    ]
    return joined(tables)


def _refusals(cases: dict[str, Explained], asked: AskedMaps | None) -> list[Refusal]:
    refusals = [row for key, each in cases.items() for row in told(key, each.case.reasons)]
    for name, reasons in (asked.reasons if asked else {}).items():
        refusals += told(name, {name: reasons})
    return refusals


def _comparison(cases: dict[str, Explained], shown: int) -> Comparison | None:
    if not all(cases[key].means_something for key in ("d_fake", "g_fake")):
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
        if (whole := cases[key].whole) is not None and cases[key].means_something
    }
    return ClassMeans.of(given, subjects, LOCAL)
