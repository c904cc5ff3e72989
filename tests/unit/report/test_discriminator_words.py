"""What is said of D, read against the D that it is said of."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ganatomy.metrics.discriminator.changes import FEEDS
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.study import examine_discriminator
from ganatomy.report.sections.discriminator_words import (
    finding_of_logits,
    sign_in_words,
    with_honest_interval,
)
from ganatomy.report.sections.health_readings import readings

SIDE = 6


class _Brightness(nn.Module):
    """A logit that grows with the mean of the image, or its contrast, from a level on."""

    def __init__(self, slope: float, level: float, contrast: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([slope, contrast]))
        self.level = level

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        flat = images.flatten(1)
        return self.scale[0] * flat.mean(1) + self.scale[1] * flat.var(1) + self.level


def _health(
    slope: float, level: float, contrast: float, *, apart: float, has_level: bool = True
) -> DiscriminatorHealth:
    """Reals brighter than fakes by so many levels of 255, with noise."""
    draw = torch.Generator().manual_seed(0)

    def images(mean: float) -> torch.Tensor:
        means = mean + 20 * torch.randn(40, 1, 1, 1, generator=draw)
        pixels = means + 25 * torch.randn(40, 1, SIDE, SIDE, generator=draw)
        return pixels.clamp(0, 255).to(torch.uint8)

    torch.set_num_threads(1)
    return examine_discriminator(
        _Brightness(slope, level, contrast),
        train=images(120 + apart),
        held_out=images(120 + apart),
        fakes=images(120),
        has_level=has_level,
        has_sigmoid=has_level,
    )


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    slope=st.sampled_from([-3.0, 1.0, 4.0]),
    level=st.sampled_from([-9.0, -0.3, 0.0, 0.6, 9.0]),
    contrast=st.sampled_from([0.0, 2.0]),
    apart=st.sampled_from([0.0, 15.0, 60.0]),
    has_level=st.booleans(),
)
def test_the_table_and_the_findings_agree_and_so_does_the_sign(
    slope: float, level: float, contrast: float, apart: float, has_level: bool
) -> None:
    health = _health(slope, level, contrast, apart=apart, has_level=has_level)
    _reads_as_found(health)
    _sign_is_measured(health)
    _ranks_as_measured(health)


def _reads_as_found(health: DiscriminatorHealth) -> None:
    wrong = {row["rule"] for row in readings(health) if not row["holds"]}
    assert wrong == {each.rule for each in health.findings}
    assert {row["rule"] for row in readings(health)} == set(health.asked)


def _sign_is_measured(health: DiscriminatorHealth) -> None:
    said = sign_in_words(health)
    reals = float((health.logits["held_out"] > 0).double().mean())
    fakes = float((health.logits["fakes"] > 0).double().mean())
    if "D cuts near 0" in said:
        assert reals > 0.5 > fakes
        assert health.record["has_level"]
    if not health.record["has_level"]:
        assert "means nothing" in said
    assert ("lie below 0 here" not in said) or reals == fakes == 0
    assert ("lie above 0 here" not in said) or reals == fakes == 1


def _ranks_as_measured(health: DiscriminatorHealth) -> None:
    """By counting pairs."""
    said = finding_of_logits(health)
    pairs = health.logits["held_out"][:, None] > health.logits["fakes"]
    share = float(pairs.double().mean())
    found = health.record["held_out"]
    assert said.startswith("D gives a held-out real") == (found["low"] > 0.5)
    assert said.startswith("D gives generated images") == (found["high"] < 0.5)
    if said.startswith("D gives a held-out real"):
        assert share > 0.5
    assert ("nothing that is no data" in said) == (not (health.unreal["low"] > 0.5).any())


def test_a_positive_logit_means_real_where_reals_have_one() -> None:
    said = sign_in_words(_health(4.0, -0.6, 0.0, apart=90))
    assert "D cuts near 0: it takes " in said
    assert "of held-out real images for generated" in said


def test_another_feed_is_read_where_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    health = _health(4.0, 0.0, 0.0, apart=60)
    text = f"it tells reals from fakes better with {FEEDS['range'].words} (AUC 0.9)"
    rows: Any = [row for row in readings(health) if row["rule"] == "feed"]
    assert all(row["holds"] for row in rows)
    finding = type("Finding", (), {"rule": "feed", "text": text})()
    object.__setattr__(health, "findings", (finding,))
    assert not all(row["holds"] for row in readings(health) if row["rule"] == "feed")


@pytest.mark.parametrize(("auc", "low", "high"), [(0.0, 0.0, 0.0072), (1.0, 0.9926, 1.0)])
def test_none_of_500_is_not_never(auc: float, low: float, high: float) -> None:
    """Clopper and Pearson's end for none of n: 1 - 0.025 ** (1 / n)."""
    row = with_honest_interval({"auc": auc, "low": auc, "high": auc}, 500)
    assert row["low"] == pytest.approx(low, abs=2e-4)
    assert row["high"] == pytest.approx(high, abs=2e-4)
    assert with_honest_interval({"auc": 0.2, "low": 0.1, "high": 0.3}, 500)["high"] == 0.3


@pytest.mark.parametrize("kind", ["held_out", "fakes"])
def test_a_squashed_d_of_one_kind_of_image_has_no_boundary_to_name(kind: str) -> None:
    squashed = nn.Sequential(_Brightness(4.0, 0.0, 0.0), nn.Sigmoid())
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 1, SIDE, SIDE), generator=draw, dtype=torch.uint8)
    health = examine_discriminator(squashed, **{kind: images})  # type: ignore[arg-type]
    assert "squashed" in {each.rule for each in health.findings}
    assert "it ends in a sigmoid, so that 0 is no boundary" in sign_in_words(health)
