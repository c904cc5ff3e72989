"""D's logits on one axis: every row there, and its images where they belong."""

import numpy as np
import torch

from ganatomy.report.figures.logits_chart import logits_chart

NAMES = {"train": "training reals", "fakes": "generated", "black": "black"}


def _chart(**options: float | bool | None) -> np.ndarray:
    logits = {name: torch.linspace(-1, k, 20) for k, name in enumerate(NAMES)}
    examples = {name: torch.full((4, 1, 8, 8), 255, dtype=torch.uint8) for name in NAMES}
    examples["black"] = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    return logits_chart(logits, examples, names=NAMES, **options)  # type: ignore[arg-type]


def test_lines_are_drawn_where_they_mean_something() -> None:
    whole, without = _chart(best=0.5), _chart(best=0.5, boundary_at_0=False)
    assert whole.dtype == np.uint8
    assert whole.shape == without.shape
    assert (whole != without).any()
    assert (_chart(best=None, boundary_at_0=False) != without).any()


def test_equal_logits_can_be_drawn() -> None:
    logits = {"black": torch.zeros(1)}
    examples = {"black": torch.zeros(1, 1, 8, 8, dtype=torch.uint8)}
    picture = logits_chart(logits, examples, names={"black": "black"}, best=0.0)
    assert picture.min() < 100  # something is drawn
