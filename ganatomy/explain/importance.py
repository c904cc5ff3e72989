"""What retrained GANs became: each one read out on the same images and latents.

Drop-feature importance: a variant of the data lacks one feature, G and D are trained anew on it,
and what they became is read out here. Nulls, trained on unchanged data, are read out alike;
`explain.statistics` judges one against the other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
import torch
from torch import nn

from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.gan.sampling import generate, score
from ganatomy.metrics.coverage import total_variation
from ganatomy.metrics.evaluator import Evaluator, extract
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.metrics.kid import kernel_distance
from ganatomy.metrics.local_statistics import LocalStatistics
from ganatomy.metrics.manifold import compare_manifolds
from ganatomy.metrics.ranks import auc

_LOCAL = LocalStatistics()
_BATCH = 64  # of 512, layers leave the processor's cache: up to three times slower
_NEIGHBOURS = 5


@dataclass(frozen=True)
class Member:
    """One retrained GAN.

    Attributes
    ----------
    variant : str
        The data set that it was trained on.
    features : tuple of str
        What is changed there; empty for a null.
    mode : str in {"remove", "permute", "noise", "null"}
    is_null : bool
    seed : int
    share : float in (0, 1]
        Of the training's steps at which this was kept; 1 is its end.
    generator : Module or None
        The moving average. None where training has diverged.
    discriminator : Module or None
    changed : Tensor of shape (n + m, c, s, s), uint8, or None
        The probe's test images and base fakes, changed alike as the training images were: D is
        then asked what it was trained for. Not needed for a null. None where images cannot be
        changed so: that readout is left out.
    """

    variant: str
    features: tuple[str, ...]
    mode: str
    is_null: bool
    seed: int
    share: float
    generator: nn.Module | None
    discriminator: nn.Module | None
    changed: torch.Tensor | None = None


class _About(NamedTuple):
    """A member in the tables."""

    variant: str
    features: str
    mode: str
    is_null: bool
    seed: int
    share: float


@dataclass(frozen=True)
class Probe:
    """What every member is measured on: the same images and latents for all.

    Attributes
    ----------
    test_images : Tensor of shape (n, c, s, s), uint8
        Unchanged, held-out real images; at least 6.
    base_fakes : Tensor of shape (m, c, s, s), uint8
        Images of the base GAN, trained on the unchanged data.
    z : Tensor of shape (k, latent_dim + num_classes)
        At least 6. Distances of different counts do not compare.
    evaluator : Evaluator
    random_features : Module
        Feature network for the distances that must not depend on classes.
    class_names : tuple of str
        Of the evaluator's classes. Empty where it was trained on rotations: shares of these say
        nothing, and are not read out.
    """

    test_images: torch.Tensor
    base_fakes: torch.Tensor
    z: torch.Tensor
    evaluator: Evaluator
    random_features: nn.Module
    class_names: tuple[str, ...] = ()


class ReadOut(NamedTuple):
    """What `read_out` found.

    Attributes
    ----------
    repeats : DataFrame
        The raw repeats, one row per member and readout: variant, features (joined by "+"), mode,
        is_null, seed, share, readout, value.
    class_shares : DataFrame
        Members at the end of training: variant, is_null, seed, class_name, share (of the fakes,
        as the evaluator sees them). Without rows where `Probe.class_names` is empty.
    diverged : DataFrame
        Members with no or with non-finite outputs, which are in no other table: variant, features,
        mode, is_null, seed, share.
    """

    repeats: pd.DataFrame
    class_shares: pd.DataFrame
    diverged: pd.DataFrame


@torch.no_grad()
def read_out(
    members: Iterable[Member],
    num_members: int,
    probe: Probe,
    progress: Callable[[int, int], None],
) -> ReadOut:
    """Measure every member, one after the other.

    `d_shift` compares a member with the nulls of its seed and share. Where there is none but
    itself, that row is left out.

    Parameters
    ----------
    members : iterable of Member
        Gone through once, and no network is kept: it may load one GAN at a time.
    num_members : int
        For `progress`.
    probe : Probe
    progress : callable
        Called with (done, total) members.

    Raises
    ------
    InputError
        Too few images or latents.
    """
    reals = _Reals(probe)
    found: list[tuple[_About, dict[str, float], torch.Tensor]] = []
    classes: list[tuple[str, bool, int, str, float]] = []
    diverged: list[_About] = []
    for done, member in enumerate(members, 1):
        about = _About(
            member.variant,
            "+".join(member.features),
            member.mode,
            member.is_null,
            member.seed,
            member.share,
        )
        on_images = _logits(member, probe)
        fakes = _fakes(member, probe)
        if on_images is None or fakes is None:
            diverged.append(about)
        else:
            values, shares = reals.compare(fakes)
            on_real, on_fake = on_images.split([len(probe.test_images), len(probe.base_fakes)])
            values["d_separation"] = auc(on_real, on_fake)
            values |= _without(member, values["d_separation"], len(probe.test_images))
            found.append((about, values, _standardised(on_images)))
            if about.share == 1:
                key = (about.variant, about.is_null, about.seed)
                classes += [(*key, *pair) for pair in zip(probe.class_names, shares.tolist())]
        progress(done, num_members)
    _add_shifts(found)
    rows = [(*about, *pair) for about, values, _ in found for pair in values.items()]
    repeats = pd.DataFrame(rows, columns=[*_About._fields, "readout", "value"])
    return ReadOut(
        repeats.sort_values(["readout", "variant", "seed", "share"], ignore_index=True),
        pd.DataFrame(classes, columns=["variant", "is_null", "seed", "class_name", "share"]),
        pd.DataFrame(diverged, columns=list(_About._fields)),
    )


def _fakes(member: Member, probe: Probe) -> torch.Tensor | None:
    """What people would see, uint8."""
    if member.generator is None:
        return None
    images = generate(member.generator, probe.z, _BATCH)
    return to_uint8(images) if bool(torch.isfinite(images).all()) else None


def _logits(member: Member, probe: Probe) -> torch.Tensor | None:
    """D's, of held-out reals and then of base fakes."""
    if member.discriminator is None:
        return None
    both = (probe.test_images, probe.base_fakes)
    logits = torch.cat([score(member.discriminator, images, _BATCH) for images in both])
    return logits if bool(torch.isfinite(logits).all()) else None


def _without(member: Member, separation: float, num_reals: int) -> dict[str, float]:
    """The separation of what is changed on both sides; for a null that is the usual one."""
    if member.is_null:
        return {"d_without": separation}
    if member.changed is None or member.discriminator is None:
        return {}
    logits = score(member.discriminator, member.changed, _BATCH)
    if not bool(torch.isfinite(logits).all()):
        return {}
    return {"d_without": auc(logits[:num_reals], logits[num_reals:])}


class _Reals:
    """Features of the held-out images, which all members are compared with."""

    def __init__(self, probe: Probe) -> None:
        for name, count in (("held-out images", len(probe.test_images)), ("latents", len(probe.z))):
            if count <= _NEIGHBOURS:
                raise InputError(
                    f"{count} {name}, at least {_NEIGHBOURS + 1} are needed to compare",
                    "importance",
                    "Give more images, or raise importance.num_fakes or prepare.test_fraction.",
                )
        self._probe = probe
        self._seen = extract(probe.evaluator, probe.test_images, _BATCH)
        self._random = extract(probe.random_features, probe.test_images, _BATCH)
        self._local = extract(_LOCAL, probe.test_images, _BATCH)
        self._shares = _class_shares(probe, self._seen)

    def compare(self, fakes: torch.Tensor) -> tuple[dict[str, float], torch.Tensor]:
        """The readouts of a generator, and the shares of classes among its fakes."""
        seen = extract(self._probe.evaluator, fakes, _BATCH)
        random = extract(self._probe.random_features, fakes, _BATCH)
        manifold = compare_manifolds(seen, self._seen, _NEIGHBOURS)
        shares = _class_shares(self._probe, seen)
        values = {
            "g_fcd": frechet_distance(seen, self._seen),
            "g_frd": frechet_distance(random, self._random),
            "g_fld": frechet_distance(extract(_LOCAL, fakes, _BATCH), self._local),
            "g_kcd": kernel_distance(seen, self._seen),
            "g_krd": kernel_distance(random, self._random),
            "g_precision": float(manifold.precision.mean()),
            "g_recall": float(manifold.recall.mean()),
            "g_coverage": float(manifold.coverage.mean()),
        }
        if self._probe.class_names:
            values["g_class_shift"] = float(total_variation(shares, self._shares))
        return values, shares


def _class_shares(probe: Probe, features: torch.Tensor) -> torch.Tensor:
    """Shares of the evaluator's classes, shape (num_classes,), from its feature vectors."""
    if not probe.class_names:
        return features.new_zeros(0)
    head = probe.evaluator.head
    labels = head(features.to(head.weight)).argmax(1).cpu()
    shares: torch.Tensor = labels.bincount(minlength=len(probe.class_names)).double() / len(labels)
    return shares


def _standardised(logits: torch.Tensor) -> torch.Tensor:
    # a D that says the same of every image has no spread: its standardised logits are all zero
    return (logits - logits.mean()) / logits.std().clamp(min=1e-12)


def _add_shifts(found: list[tuple[_About, dict[str, float], torch.Tensor]]) -> None:
    """Mean distance of each member's standardised logits from those of the other nulls of its seed.

    Seeds are shared on purpose: the difference between two seeds is larger than that between two
    features.
    """
    for place, (about, values, logits) in enumerate(found):
        shifts = [
            float((logits - of_null).square().mean().sqrt())
            for other, (null, _, of_null) in enumerate(found)
            if null.is_null and null[-2:] == about[-2:] and other != place  # equal seed and share
        ]
        if shifts:
            values["d_shift"] = sum(shifts) / len(shifts)
