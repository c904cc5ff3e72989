"""Images as feature vectors, and the readouts of a generator from those of fakes and reals."""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.importance.evaluation_set import NEIGHBOURS
from ganatomy.metrics.coverage import total_variation
from ganatomy.metrics.evaluator import Evaluator, extract
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.metrics.kid import kernel_distance
from ganatomy.metrics.local_statistics import LocalStatistics
from ganatomy.metrics.manifold import compare_manifolds

BATCH = 64  # of 512, layers leave the processor's cache: up to three times slower

_LOCAL = LocalStatistics()


@dataclass(frozen=True)
class ImageFeatures:
    """Images in each of the spaces that readouts of a generator are taken in.

    Attributes
    ----------
    random, local : Tensor of shape (n, d)
    seen : Tensor of shape (n, d) or None
        By the evaluator; None without one.
    classes : Tensor of shape (n,), int64, or None
        As the evaluator sees them; None without classes.
    """

    random: torch.Tensor
    local: torch.Tensor
    seen: torch.Tensor | None = None
    classes: torch.Tensor | None = None

    @staticmethod
    def of(
        images: torch.Tensor,
        evaluator: Evaluator | None,
        random_features: nn.Module,
        *,
        has_classes: bool = False,
    ) -> "ImageFeatures":
        """Take the features of images of shape (n, c, s, s), uint8."""
        random = extract(random_features, images, BATCH)
        local = extract(_LOCAL, images, BATCH)
        if evaluator is None:
            return ImageFeatures(random, local)
        seen = extract(evaluator, images, BATCH)
        if not has_classes:
            return ImageFeatures(random, local, seen)
        with torch.no_grad():
            logits = evaluator.head(seen.to(evaluator.head.weight))
        return ImageFeatures(random, local, seen, logits.argmax(1).cpu())

    def take(self, rows: torch.Tensor) -> "ImageFeatures":
        """Take those of some images."""
        return ImageFeatures(
            self.random[rows],
            self.local[rows],
            None if self.seen is None else self.seen[rows],
            None if self.classes is None else self.classes[rows],
        )

    def class_shares(self, num_classes: int) -> torch.Tensor:
        """Count the shares of classes, shape (num_classes,), float64; of length 0 without any."""
        if self.classes is None:
            return torch.zeros(0, dtype=torch.float64)
        shares: torch.Tensor = self.classes.bincount(minlength=num_classes).double()
        return shares / len(self.classes)


def readouts_of(fakes: ImageFeatures, reals: ImageFeatures) -> dict[str, float]:
    """Read out of a generator's images what `READOUTS` names, as far as the features allow."""
    values = {
        "g_frd": frechet_distance(fakes.random, reals.random),
        "g_fld": frechet_distance(fakes.local, reals.local),
        "g_krd": kernel_distance(fakes.random, reals.random),
    }
    if fakes.seen is not None and reals.seen is not None:
        manifold = compare_manifolds(fakes.seen, reals.seen, NEIGHBOURS)
        values |= {
            "g_fcd": frechet_distance(fakes.seen, reals.seen),
            "g_kcd": kernel_distance(fakes.seen, reals.seen),
            "g_precision": float(manifold.precision.mean()),
            "g_recall": float(manifold.recall.mean()),
            "g_coverage": float(manifold.coverage.mean()),
        }
    if fakes.classes is not None and reals.classes is not None:
        count = int(max(fakes.classes.max(), reals.classes.max())) + 1
        made, real = (each.class_shares(count) for each in (fakes, reals))
        values["g_class_shift"] = float(total_variation(made, real))
    return values
