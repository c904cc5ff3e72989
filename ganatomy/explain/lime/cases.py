"""One target explained at many images, and those of its explanations that together say most."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch.nn import functional

from ganatomy.explain.lime.engine import lime
from ganatomy.explain.lime.explanations import LimeExplanations
from ganatomy.explain.lime.hiding import segments_of
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.lime.stability import stability
from ganatomy.explain.maps.aggregates import submodular_pick
from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.targets import Target
from ganatomy.tensors import read_notes, read_tensors, write_tensors

_COARSE = 7  # pixels of a map by which images with segments of their own are compared
_OF_ALL = ("rows", "inputs", "scores", "maps", "segments", "r2", "held_out_r2", "stability")
_OF_EACH = ("coefficients", "low", "high")
_COLUMNS = [
    *("group", "score", "share_below", "r2", "held_out_r2", "half_width", "num_samples"),
    "refusal",
]


@dataclass(frozen=True, eq=False)
class LimeCase:
    """The explanations that together cover most of what was found; all on the CPU.

    Attributes
    ----------
    target : str
    rows : LongTensor of shape (k,)
        Which of the explained images these are.
    inputs : Tensor of shape (k, c, h, w)
    scores : Tensor of shape (k,), float64
        The target of the whole images.
    maps : Tensor of shape (k, h, w), float32
        The coefficients painted onto the pixels.
    segments : LongTensor of shape (k, h, w)
    coefficients, low, high : tuple of Tensor of shape (d,), float64
        With the ends of 95 % intervals; d may differ from image to image.
    r2, held_out_r2 : Tensor of shape (k,), float64
    stability : Tensor of shape (k,), float64
        Correlation of the coefficients between seeds; NaN where refused.
    refusals : tuple of str
        Why there is no explanation, "" where there is one.
    """

    target: str
    rows: torch.Tensor
    inputs: torch.Tensor
    scores: torch.Tensor
    maps: torch.Tensor
    segments: torch.Tensor
    coefficients: tuple[torch.Tensor, ...]
    low: tuple[torch.Tensor, ...]
    high: tuple[torch.Tensor, ...]
    r2: torch.Tensor
    held_out_r2: torch.Tensor
    stability: torch.Tensor
    refusals: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Write all but the refusals, which stand in the table of all surrogates."""
        tensors = {name: getattr(self, name) for name in _OF_ALL}
        for name in _OF_EACH:
            for place, values in enumerate(getattr(self, name)):
                tensors[f"{name}/{place:03d}"] = values
        write_tensors(path, tensors, {"target": self.target})

    @staticmethod
    def load(path: Path, refusals: list[str]) -> "LimeCase":
        """Read what `save` wrote; `refusals` are those of all explained images.

        Raises
        ------
        InputError
            The file is missing or damaged.
        """
        tensors, target = read_tensors(path), read_notes(path)["target"]
        count = len(tensors["rows"])
        coefficients, low, high = (
            tuple(tensors[f"{name}/{place:03d}"] for place in range(count)) for name in _OF_EACH
        )
        return LimeCase(
            target=target,
            coefficients=coefficients,
            low=low,
            high=high,
            refusals=tuple(refusals[row] for row in tensors["rows"].tolist()),
            **{name: tensors[name] for name in _OF_ALL},
        )


@dataclass(frozen=True, eq=False)
class ExplainedCase:
    """All explanations of a case, and the choice of them that is kept."""

    whole: LimeExplanations
    chosen: LimeCase


def explain_images(
    target: Target,
    images: torch.Tensor,
    fills: torch.Tensor,
    *,
    sampling: LimeSampling,
    hiding: Hiding,
    num_chosen: int,
    num_seeds: int,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> ExplainedCase:
    """Explain a target at images by LIME, and choose those that say most.

    Parameters
    ----------
    target : Target
        Of images.
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1], on the CPU
    fills : Tensor of shape (n, m, c, h, w)
        What hides the segments of each image.
    sampling : LimeSampling
    hiding : Hiding
        Its segments.
    num_chosen : int
        By `aggregates.submodular_pick`; their stability is measured.
    num_seeds : int
        Of the stability.
    seed : int
    on_progress : callable
        Perturbed images done, and planned by now.
    on_warning : callable
    """
    device = device_of(target.model)
    explanations = lime(
        target,
        images.to(device),
        segments_of(hiding, images),
        fills=fills,
        seed=seed,
        sampling=sampling,
        on_progress=on_progress,
        on_warning=on_warning,
    )
    picked = submodular_pick(_comparable(explanations), num_chosen)
    again = stability(
        target,
        images[picked].to(device),
        segments_of(hiding, images[picked]),
        fills=fills[picked],
        seed=seed,
        num_seeds=num_seeds,
        sampling=sampling,
    )
    return ExplainedCase(explanations, _chosen(target.name, images, explanations, picked, again))


def surrogates_table(explained: dict[str, LimeExplanations]) -> pd.DataFrame:
    """Tell of every image how well its surrogate fits, or why there is none.

    Returns
    -------
    DataFrame
        Columns group (the case), score (the target of the whole image), share_below (of the
        coefficients' magnitude: what of it lowers the target), r2, held_out_r2, half_width (of the
        widest interval), num_samples, refusal ("" where there is none).
    """
    tables = [
        pd.DataFrame(
            {
                "group": key,
                "score": explanations.target_values.numpy(),
                "share_below": [_share_below(each) for each in explanations.coefficients],
                "r2": explanations.r2.numpy(),
                "held_out_r2": explanations.held_out_r2.numpy(),
                "half_width": explanations.widths.numpy(),
                "num_samples": explanations.num_samples.numpy(),
                "refusal": explanations.refusals,
            }
        )
        for key, explanations in explained.items()
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=_COLUMNS)


def _share_below(coefficients: torch.Tensor) -> float:
    """NaN where all are zero, as where there is no explanation."""
    return float(-coefficients.clamp(max=0).sum() / coefficients.abs().sum())


def _comparable(explanations: LimeExplanations) -> torch.Tensor:
    """One row of as many numbers for each image: its coefficients, or its map on a coarse grid."""
    if len({len(each) for each in explanations.coefficients}) == 1:
        return torch.stack(explanations.coefficients)
    return functional.adaptive_avg_pool2d(explanations.maps[:, None], _COARSE).flatten(1)


def _chosen(
    target: str,
    images: torch.Tensor,
    explanations: LimeExplanations,
    picked: list[int],
    again: torch.Tensor,
) -> LimeCase:
    return LimeCase(
        target=target,
        rows=torch.tensor(picked),
        inputs=images[picked],
        scores=explanations.target_values[picked],
        maps=explanations.maps[picked],
        segments=explanations.segments[picked],
        coefficients=tuple(explanations.coefficients[index] for index in picked),
        low=tuple(explanations.low[index] for index in picked),
        high=tuple(explanations.high[index] for index in picked),
        r2=explanations.r2[picked],
        held_out_r2=explanations.held_out_r2[picked],
        stability=again,
        refusals=tuple(explanations.refusals[index] for index in picked),
    )
