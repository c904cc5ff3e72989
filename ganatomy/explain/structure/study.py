"""How G and D are built, and how their layers work: the study."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pandas as pd
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.structure.batch import where_the_batch_matters
from ganatomy.explain.structure.graph import NetworkGraph
from ganatomy.explain.structure.modules import layers_in_order, returning_tensors
from ganatomy.explain.structure.reach import pixels_changed, pixels_seen
from ganatomy.explain.structure.result import NetworkStructure, StructureStudy
from ganatomy.explain.structure.tracing import trace
from ganatomy.explain.structure.untouched import untouched
from ganatomy.explain.structure.vitals import COLUMNS, vitals

_FEW, _FEWEST = 5, 3  # inputs of the first runs: one that is followed, two sets of companions
_TRIED = 4  # images whose gradients are looked at, or latents; of a large network fewer
_ENTRIES = 2**24  # of all parts, from which on it is large
_REACHES = 64  # layers whose reach is measured: each costs a pass through the network


def describe_structure(
    subjects: Subjects,
    *,
    initial: Mapping[str, nn.Module] | None = None,
    num_images: int = 64,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> StructureStudy:
    """Follow G and D through one pass, and measure how each layer works.

    Parameters
    ----------
    subjects : Subjects
        G, D or both; images of both kinds are asked of D where there are.
    initial : mapping of str to nn.Module, optional
        "G", "D" or both, as they were before their training: what weights are compared with.
    num_images : int
        Images and latents that layers are measured on.
    on_progress : callable
        Told networks done, and of how many.
    on_warning : callable
        Told of a network that could not be followed, and of what could not be measured.

    Raises
    ------
    InputError
        Fewer than 3 images or latents.

    Examples
    --------
    >>> D = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 1), nn.Flatten(0))
    >>> study = describe_structure(Subjects.of(None, D, real=torch.randn(8, 1, 8, 8)))
    >>> study.networks["D"].reach
    {'0': (3, 3)}
    """
    networks: dict[str, NetworkStructure] = {}
    first = initial or {}
    total = subjects.has_generator + subjects.has_discriminator
    if subjects.has_generator:
        inputs, network = subjects.z[:num_images], subjects.generator
        score = subjects.discriminator if subjects.has_discriminator else _brightness
        networks["G"] = _structure(
            network, inputs, score, pixels_changed, "latents", first.get("G"), on_warning
        )
        on_progress(len(networks), total)
    if subjects.has_discriminator:
        half = num_images // 2 if len(subjects.real) and len(subjects.fake) else num_images
        images = torch.cat([subjects.real[:half], subjects.fake[:half]])
        networks["D"] = _structure(
            subjects.discriminator,
            images,
            _itself,
            pixels_seen,
            "images",
            first.get("D"),
            on_warning,
        )
        on_progress(len(networks), total)
    return StructureStudy(networks, min(num_images, max(len(subjects.real), len(subjects.z))))


def _itself(logits: torch.Tensor) -> torch.Tensor:
    return logits


def _brightness(images: torch.Tensor) -> torch.Tensor:
    return images.flatten(1).mean(1)


def _structure(
    network: nn.Module,
    inputs: torch.Tensor,
    score: Callable[[torch.Tensor], torch.Tensor],
    reach: Callable[[nn.Module, torch.Tensor, list[str]], dict[str, tuple[int, int]]],
    kind: str,
    initial: nn.Module | None,
    on_warning: Callable[[str], None],
) -> NetworkStructure:
    if len(inputs) < _FEWEST:
        raise InputError(f"{len(inputs)} {kind}", kind, f"Give {_FEWEST} or more.")
    few = inputs[:_FEW].to(device_of(network))
    missing: list[str] = []
    with untouched(network):
        graph, why = _graph(network, few)
        if why:
            on_warning(f"a network could not be followed: {why}")
        at: dict[bool, tuple[str, ...]] = {True: (), False: ()}
        for mode in at if not why else ():
            with _whatever(missing, "where the batch matters"):
                at[mode] = where_the_batch_matters(network, graph, few, training=mode)
        pixels: dict[str, tuple[int, int]] = {}
        with _whatever(missing, "how far its places reach"):
            returning = returning_tensors(network, few[:_TRIED])
            layers = [part.module for part in graph.parts if len(part.shape) == 3]
            layers = _spread([name for name in dict.fromkeys(layers) if name in returning])
            tried = min(_TRIED, max(1, _ENTRIES // max(graph.entries, 1)))
            pixels = reach(network, few[:tried], layers)
        units = pd.DataFrame(columns=list(COLUMNS))
        with _whatever(missing, "how its layers work"):
            units = vitals(network, graph, inputs, score, initial=initial)
    for each in missing:
        on_warning(f"of a network could not be measured {each}")
    return NetworkStructure(graph, why, at[True], at[False], pixels, units, tuple(missing))


def _spread(layers: list[str]) -> list[str]:
    """Choose those that are measured, evenly from the first to the last."""
    if len(layers) <= _REACHES:
        return layers
    steps = (len(layers) - 1) / (_REACHES - 1)
    return [layers[round(place * steps)] for place in range(_REACHES)]


@contextmanager
def _whatever(missing: list[str], what: str) -> Iterator[None]:
    """Let a network that fails in one question be asked the others: it may be anybody's code."""
    try:
        yield
    except Exception as error:
        if (told := f"{what}: {_reason(error)}") not in missing:
            missing.append(told)


def _graph(network: nn.Module, few: torch.Tensor) -> tuple[NetworkGraph, str]:
    try:
        return trace(network, few[:2]), ""
    except Exception as error:
        return layers_in_order(network, few[:2]), _reason(error)


def _reason(error: Exception) -> str:
    if isinstance(error, InputError):
        return error.what
    words = str(error).strip().splitlines()
    return (words[0] if words else type(error).__name__).rstrip(".")
