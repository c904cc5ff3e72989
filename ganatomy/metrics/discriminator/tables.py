"""What D says of changed images, of images that are no data, and in each of its modes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import torch
from torch import nn

from ganatomy.boundary import boundary
from ganatomy.metrics.auc import auc, auc_gain
from ganatomy.metrics.discriminator import changes
from ganatomy.metrics.discriminator.findings import is_off
from ganatomy.metrics.discriminator.logits import in_eval_mode, in_train_mode, whole_batches
from ganatomy.metrics.discriminator.separation import separation
from ganatomy.statistics import rank_correlation

Tensors = dict[str, torch.Tensor]
KINDS = ("held_out", "fakes")
_INTERVAL = ["auc", "low", "high"]
_OF_FEEDS = [
    *("change", "auc", "gain", "gain_low", "gain_high", "accuracy_at_0", "is_off"),
]


@dataclass(frozen=True, eq=False)
class Examined:
    """A discriminator, images in [-1, 1], and what it says of them.

    Attributes
    ----------
    network : nn.Module
        As it is explained.
    images, unreal : dict of str to Tensor of shape (n, c, h, w)
        ``train``, ``held_out``, ``fakes``, as far as they were given; and the kinds that are no
        data.
    logits : dict of str to Tensor of shape (n,)
        Of all of them.
    """

    network: nn.Module
    images: Tensors
    unreal: Tensors
    logits: Tensors

    @staticmethod
    def of(network: nn.Module, images: Tensors, unreal: Tensors) -> "Examined":
        """Ask the discriminator about every image."""
        asked = {**images, **unreal}
        logits = {name: in_eval_mode(network, part) for name, part in asked.items()}
        return Examined(network, images, unreal, logits)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of `KINDS` that were given."""
        return tuple(kind for kind in KINDS if kind in self.images)

    @property
    def pair(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of held-out reals and of fakes, where both were given."""
        return self.logits["held_out"], self.logits["fakes"]

    @property
    def has_pair(self) -> bool:
        """Whether reals can be compared with fakes."""
        return self.kinds == KINDS

    @property
    def sd(self) -> float:
        """Standard deviation of the logits of both."""
        return float(torch.cat([self.logits[kind] for kind in self.kinds]).std())


def unreal_table(examined: Examined, seed: int) -> pd.DataFrame:
    """Rank each kind of image that is no data among held-out reals; no rows without these."""
    rows = []
    for kind in examined.unreal:
        logits = examined.logits[kind]
        found = separation(logits, examined.logits["held_out"], seed)
        rows.append({"kind": kind, "mean": float(logits.mean()), **asdict(found)})
    return pd.DataFrame(rows, columns=["kind", "mean", *_INTERVAL])


def harmless_table(examined: Examined, seed: int) -> pd.DataFrame:
    """Change held-out reals as should not matter, and compare them with fakes if there are any."""
    rows, columns = [], ["change", "moved", *_INTERVAL]
    if "held_out" not in examined.images:
        return pd.DataFrame(columns=columns)
    images, reals = examined.images["held_out"], examined.logits["held_out"]
    for name, change in changes.harmless_for(images.shape[1]).items():
        changed = in_eval_mode(examined.network, change(images))
        moved = float((changed - reals).mean()) / (examined.sd or 1.0)
        row = {"change": name, "moved": moved}
        if examined.has_pair:
            row |= asdict(separation(changed, examined.logits["fakes"], seed))
        rows.append(row)
    return pd.DataFrame(rows, columns=columns)


def feeds_table(
    examined: Examined, feeds: Mapping[str, changes.Feed] | None = None
) -> pd.DataFrame:
    """Give reals and fakes in another way, and see how well they are told apart.

    Parameters
    ----------
    examined : Examined
        Without both kinds there are no rows.
    feeds : mapping of str to Feed, optional
        In place of `FEEDS`; then the table has a column ``words``.
    """
    columns = _OF_FEEDS if feeds is None else [*_OF_FEEDS, "words"]
    if not examined.has_pair:
        return pd.DataFrame(columns=columns)
    images, rows = examined.images, []
    for name, feed in changes.feeds_for(images["fakes"].shape[1], feeds).items():
        reals, fakes = (in_eval_mode(examined.network, feed.change(images[kind])) for kind in KINDS)
        gain, low, high = auc_gain(examined.pair, (reals, fakes))
        cut = boundary(reals, fakes)
        rows.append(
            {
                "change": name,
                "auc": auc(reals, fakes),
                "gain": gain,
                "gain_low": low,
                "gain_high": high,
                "accuracy_at_0": cut.accuracy_at_0,
                "is_off": is_off(cut),
                "words": feed.words,
            }
        )
    return pd.DataFrame(rows, columns=columns)


def forwards_table(
    trained: nn.Module, saved: Examined, explained: Examined | None, *, batch_size: int, seed: int
) -> pd.DataFrame:
    """Compare D in train mode, on batches of reals and batches of fakes, with D in eval mode.

    What would be of a kind that was not given, or of both, is NaN.

    Parameters
    ----------
    trained : nn.Module
    saved : Examined
        The same in eval mode.
    explained : Examined, optional
        With fixed statistics.
    batch_size : int
    seed : int
    """
    in_training = {
        kind: in_train_mode(trained, *whole_batches(saved.images[kind], batch_size))
        for kind in saved.kinds
    }
    rows = [{"mode": "trained", **_level(in_training, seed)}]
    for mode, examined in (("saved", saved), ("explained", explained)):
        if examined is None:
            continue
        own = {kind: examined.logits[kind] for kind in examined.kinds}
        ranks = {
            f"spearman_{_SHORT[kind]}": _spearman(own[kind][: len(theirs)], theirs)
            for kind, theirs in in_training.items()
        }
        above: dict[str, float] = {
            kind: auc(examined.logits[kind], examined.logits["held_out"])
            for kind in ("noise", "blur")
            if kind in examined.logits
        }
        rows.append({"mode": mode, **_level(own, seed), **above, **ranks})
    return pd.DataFrame(rows, columns=_OF_FORWARDS)


_SHORT = {"held_out": "real", "fakes": "fake"}
_OF_FORWARDS = [
    *("mode", "real", "fake", "real_above_0", "fake_below_0", *_INTERVAL),
    *("noise", "blur", "spearman_real", "spearman_fake"),
]


def _level(logits: Tensors, seed: int) -> dict[str, Any]:
    reals, fakes = (logits.get(kind, torch.tensor(torch.nan)) for kind in KINDS)
    level: dict[str, Any] = {"real": float(reals.mean()), "fake": float(fakes.mean())}
    if "held_out" in logits:
        level["real_above_0"] = float((reals > 0).double().mean())
    if "fakes" in logits:
        level["fake_below_0"] = float((fakes < 0).double().mean())
    return level | (asdict(separation(reals, fakes, seed)) if len(logits) == len(KINDS) else {})


def _spearman(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(rank_correlation(one[None].numpy(), other[None].numpy())[0])
