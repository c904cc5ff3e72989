"""What D says of changed images, of images that are no data, and in each of its modes."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import torch
from torch import nn

from ganatomy.metrics.auc import auc, auc_gain
from ganatomy.metrics.discriminator import changes
from ganatomy.metrics.discriminator.findings import is_off
from ganatomy.metrics.discriminator.logits import in_eval_mode, in_train_mode, whole_batches
from ganatomy.metrics.discriminator.separation import boundary, separation
from ganatomy.statistics import rank_correlation

Tensors = dict[str, torch.Tensor]
KINDS = ("held_out", "fakes")


@dataclass(frozen=True, eq=False)
class Examined:
    """A discriminator, images in [-1, 1], and what it says of them.

    Attributes
    ----------
    network : nn.Module
        As it is explained.
    images, unreal : dict of str to Tensor of shape (n, c, h, w)
        ``train``, ``held_out``, ``fakes``; and the kinds that are no data.
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
    def pair(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of held-out reals and of fakes."""
        return self.logits["held_out"], self.logits["fakes"]

    @property
    def sd(self) -> float:
        """Standard deviation of the logits of both."""
        return float(torch.cat(self.pair).std())


def unreal_table(examined: Examined, seed: int) -> pd.DataFrame:
    """Rank each kind of image that is no data among held-out reals."""
    rows = []
    for kind in examined.unreal:
        logits = examined.logits[kind]
        found = separation(logits, examined.logits["held_out"], seed)
        rows.append({"kind": kind, "mean": float(logits.mean()), **asdict(found)})
    return pd.DataFrame(rows)


def harmless_table(examined: Examined, seed: int) -> pd.DataFrame:
    """Change held-out reals as should not matter, and compare them with fakes."""
    reals, fakes = examined.pair
    images, rows = examined.images["held_out"], []
    for name, change in changes.that_apply(changes.HARMLESS, images.shape[1]).items():
        changed = in_eval_mode(examined.network, change(images))
        moved = float((changed - reals).mean()) / (examined.sd or 1.0)
        rows.append({"change": name, "moved": moved, **asdict(separation(changed, fakes, seed))})
    return pd.DataFrame(rows)


def feeds_table(examined: Examined) -> pd.DataFrame:
    """Give reals and fakes in another way, and see how well they are told apart."""
    images, rows = examined.images, []
    for name, change in changes.that_apply(changes.FEEDS, images["fakes"].shape[1]).items():
        reals, fakes = (in_eval_mode(examined.network, change(images[kind])) for kind in KINDS)
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
            }
        )
    return pd.DataFrame(rows)


def forwards_table(
    trained: nn.Module, saved: Examined, explained: Examined | None, *, batch_size: int, seed: int
) -> pd.DataFrame:
    """Compare D in train mode, on batches of reals and batches of fakes, with D in eval mode.

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
    reals, fakes = (
        in_train_mode(trained, *whole_batches(saved.images[kind], batch_size)) for kind in KINDS
    )
    rows = [{"mode": "trained", **_level(reals, fakes, seed)}]
    for mode, examined in (("saved", saved), ("explained", explained)):
        if examined is None:
            continue
        ranks = {
            f"spearman_{name}": _spearman(mine[: len(theirs)], theirs)
            for name, mine, theirs in zip(("real", "fake"), examined.pair, (reals, fakes))
        }
        above = {
            kind: auc(examined.logits[kind], examined.logits["held_out"])
            for kind in ("noise", "blur")
        }
        rows.append({"mode": mode, **_level(*examined.pair, seed), **above, **ranks})
    return pd.DataFrame(rows)


def _level(reals: torch.Tensor, fakes: torch.Tensor, seed: int) -> dict[str, Any]:
    return {
        "real": float(reals.mean()),
        "fake": float(fakes.mean()),
        "real_above_0": float((reals > 0).double().mean()),
        "fake_below_0": float((fakes < 0).double().mean()),
        **asdict(separation(reals, fakes, seed)),
    }


def _spearman(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(rank_correlation(one[None].numpy(), other[None].numpy())[0])
