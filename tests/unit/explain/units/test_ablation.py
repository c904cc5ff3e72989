"""Channels taken away, against forward passes written by hand and networks of known wiring."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.maps.gradcam import gradcam
from ganatomy.explain.networks.targets import Target, d_logit, difference
from ganatomy.explain.units.ablation import CAUSAL_COLUMNS, ablate, causal_check
from ganatomy.rng import generator
from ganatomy.statistics import paired_t


class _Small(nn.Module):
    """A discriminator whose logit can be written down; batch norm shows a forgotten eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.act = nn.ReLU(inplace=True)
        self.head = nn.Linear(6 * 16, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.behind(self.conv(images))

    def behind(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.head(self.act(self.norm(maps)).flatten(1))[:, 0])


class _Planted(nn.Module):
    """Only the channels 0 to 3 of 20 reach the logit."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 20, 3, padding=1)
        self.gains = torch.tensor([2.0, 3.0, 4.0, 5.0] + [0.0] * 16)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.conv(images).relu().mean((2, 3)) @ self.gains)


def _images(count: int, size: int = 4) -> torch.Tensor:
    return torch.randn(count, 1, size, size, generator=generator(1, "images"))


@pytest.fixture
def small() -> _Small:
    torch.manual_seed(0)
    network = _Small()
    network.norm.running_mean = torch.linspace(-0.3, 0.4, 6)
    network.norm.running_var = torch.linspace(0.5, 1.5, 6)
    return network


@pytest.fixture
def planted() -> _Planted:
    torch.manual_seed(0)
    return _Planted()


@pytest.mark.parametrize("fill", ["mean", "zero"])
@pytest.mark.parametrize("own_sets", [False, True])
def test_ablation_is_the_forward_pass_with_channels_overwritten(
    small: _Small, fill: str, own_sets: bool
) -> None:
    images = _images(9)
    hidden = torch.zeros(9, 6, dtype=torch.bool)
    for item in range(9):
        hidden[item, [1, (item if own_sets else 0) % 6]] = True
    found = ablate(
        d_logit(small),
        "conv",
        hidden if own_sets else hidden[0],
        inputs=images,
        fill=fill,
        batch_size=4,
    )
    small.eval()
    with torch.no_grad():
        maps = small.conv(images)
        mean = maps.permute(1, 0, 2, 3).flatten(1).mean(1)
        expected = []
        for item in range(9):
            own = maps[item : item + 1].clone()
            for channel in range(6):
                if hidden[item, channel]:
                    own[:, channel] = float(mean[channel]) if fill == "mean" else 0.0
            expected.append(small.behind(own))
        torch.testing.assert_close(found, torch.cat(expected), rtol=1e-5, atol=1e-6)
        assert (found - small(images)).abs().min() > 1e-4


def test_the_network_is_given_back_as_it_was(small: _Small) -> None:
    small.train()
    before = {name: value.clone() for name, value in small.state_dict().items()}
    ablate(d_logit(small), "conv", torch.tensor([True] + [False] * 5), inputs=_images(5))
    with pytest.raises(InputError):
        ablate(d_logit(small), "conv", torch.tensor([True]), inputs=_images(5))
    assert small.training
    assert small.norm.training
    assert all(parameter.requires_grad for parameter in small.parameters())
    assert not small.conv._forward_hooks
    for name, value in small.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_a_vector_layer_can_be_ablated() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1), nn.Flatten(0))
    z = torch.randn(7, 3)
    hidden = torch.tensor([True, False, True, False, False])
    with torch.no_grad():
        units = network[0](z)
        units[:, hidden] = units[:, hidden].mean(0)
        expected = network[2](units.relu())[:, 0]
    found = ablate(Target("t", network, network), "0", hidden, inputs=z)
    torch.testing.assert_close(found, expected)


def test_of_a_pair_both_images_lose_the_channel(small: _Small) -> None:
    pairs = torch.stack([_images(5), _images(5).flip(0)], 1)
    hidden = torch.zeros(5, 6, dtype=torch.bool)
    hidden[torch.arange(5), torch.arange(5)] = True
    found = ablate(difference(small), "conv", hidden, inputs=pairs, fill="zero", batch_size=2)
    single = d_logit(small)
    expected = ablate(single, "conv", hidden, inputs=pairs[:, 0], fill="zero")
    expected = expected - ablate(single, "conv", hidden, inputs=pairs[:, 1], fill="zero")
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_running_out_of_memory_changes_nothing_but_the_batch(small: _Small) -> None:
    target = d_logit(small)

    def crowded(images: torch.Tensor) -> torch.Tensor:
        if len(images) > 3:
            raise torch.OutOfMemoryError("no room")
        return torch.as_tensor(small(images))

    hidden = torch.tensor([True, True] + [False] * 4)
    said: list[str] = []
    found = ablate(
        Target("crowded", small, crowded),
        "conv",
        hidden,
        inputs=_images(10),
        on_warning=said.append,
    )
    torch.testing.assert_close(found, ablate(target, "conv", hidden, inputs=_images(10)))
    assert any("out of memory" in text for text in said)


def test_what_cannot_be_ablated_is_said(small: _Small) -> None:
    target, images, one = d_logit(small), _images(3), torch.tensor([True] + [False] * 5)
    with pytest.raises(InputError, match="conv"):
        ablate(target, "convolution", one, inputs=images)
    with pytest.raises(InputError, match="zero"):
        ablate(target, "conv", one, inputs=images, fill="black")
    with pytest.raises(InputError, match="bool"):
        ablate(target, "conv", one.float(), inputs=images)
    with pytest.raises(InputError, match=r"\(3, 6\)"):
        ablate(target, "conv", one[None].expand(2, 6), inputs=images)
    with pytest.raises(InputError, match="at least one"):
        ablate(target, "conv", one, inputs=images[:0])


def test_the_channels_that_count_pass_and_shuffled_ones_do_not(planted: _Planted) -> None:
    images = _images(40)
    with torch.no_grad():
        activity = planted.conv(images).relu().mean((2, 3)) * planted.gains
    table = causal_check(
        d_logit(planted),
        "conv",
        images,
        contributions=activity,
        shares=(0.1, 0.2),
        num_random=10,
        fill="zero",
    )
    assert table.columns.tolist() == CAUSAL_COLUMNS
    assert table["k"].tolist() == [2, 4]
    assert table["passes"].all()
    assert (table["p"] < 1e-6).all()
    # all four that count fall to nothing; the others do nothing; random ones do a fifth
    logits = float(planted(images).detach().mean())
    four = table.iloc[1]
    assert four["drop_top"] == pytest.approx(logits, rel=0.01)
    assert four["drop_bottom"] == pytest.approx(0, abs=1e-6)
    assert four["drop_random"] == pytest.approx(logits * 4 / 20, rel=0.15)
    assert four["difference"] == pytest.approx(four["drop_top"] - four["drop_random"], rel=1e-6)
    shuffled = torch.stack([row[torch.randperm(20, generator=generator(3))] for row in activity])
    assert not causal_check(
        d_logit(planted),
        "conv",
        images,
        contributions=shuffled,
        shares=(0.1, 0.2),
        num_random=10,
        fill="zero",
    )["passes"].any()


def test_channels_with_the_opposite_sign_fail(planted: _Planted) -> None:
    images = _images(20)
    with torch.no_grad():
        activity = planted.conv(images).relu().mean((2, 3)) * planted.gains
    table = causal_check(
        d_logit(planted, "fake"),
        "conv",
        images,
        contributions=activity,
        shares=(0.2,),
        num_random=5,
        fill="zero",
    )
    assert not table["passes"].any()
    assert table["p"].iloc[0] < 1e-6  # two-sided: a wrong sign is found as well
    assert table["high"].iloc[0] < 0
    # upside down, the four that count are the bottom ones
    row = causal_check(
        d_logit(planted), "conv", images, contributions=-activity, shares=(0.2,), num_random=5
    ).iloc[0]
    assert row["drop_bottom"] == pytest.approx(float(planted(images).detach().mean()), rel=0.01)
    assert row["drop_top"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("fill", ["zero", "mean"])
def test_contributions_of_gradcam_pass_against_zero_and_cannot_against_the_mean(
    planted: _Planted, fill: str
) -> None:
    network = nn.Sequential(planted.conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    model = nn.Sequential(network, nn.Linear(20, 1, bias=False), nn.Flatten(0))
    model[1].weight.data = planted.gains[None]
    images = _images(24)
    cams = gradcam(d_logit(model), ["0.1"], images, size=(4, 4))
    row = causal_check(
        d_logit(model),
        "0.1",
        images,
        contributions=cams.contributions["0.1"],
        shares=(0.2,),
        num_random=8,
        fill=fill,
    ).iloc[0]
    # the logit is the sum of the four channels' means: to zero it falls wholly, to the mean
    # as much in some images as it rises in others
    fall = float(model(images).detach().mean()) if fill == "zero" else 0.0
    assert row["drop_top"] == pytest.approx(fall, abs=1e-5)
    assert row["passes"] == (fill == "zero")


def test_an_interval_of_shuffled_channels_holds_zero_as_often_as_it_says() -> None:
    """Contributions that are noise pass in 2.5 % of cases, and no interval is too short."""
    torch.manual_seed(1)
    network = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 1))
    target = Target("t", network, lambda images: network(images)[:, 0])
    images = _images(12)
    passed, missed = 0, 0
    for trial in range(120):
        noise = torch.randn(12, 8, generator=generator(trial, "noise"))
        row = causal_check(
            target, "0", images, contributions=noise, shares=(0.25,), num_random=4, seed=trial
        ).iloc[0]
        passed += bool(row["passes"])
        missed += not row["low"] <= 0 <= row["high"]
    assert passed <= stats.binom.ppf(0.999, 120, 0.025)
    assert 0 < missed <= stats.binom.ppf(0.999, 120, 0.05)


def test_random_channels_are_seeded_and_drawn_for_each_image(planted: _Planted) -> None:
    images = _images(1).expand(30, 1, 4, 4)
    same = torch.arange(20.0).expand(30, 20)

    def check(seed: int) -> float:
        table = causal_check(
            d_logit(planted),
            "conv",
            images,
            contributions=same,
            shares=(0.1,),
            num_random=1,
            seed=seed,
            fill="zero",
        )
        assert table["low"].iloc[0] < table["high"].iloc[0]  # equal draws would have no spread
        return float(table["drop_random"].iloc[0])

    assert check(0) == check(0) != check(1)


def test_a_layer_of_few_channels_has_no_row() -> None:
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(12, 1), nn.Flatten(0))
    table = causal_check(d_logit(network), "0", _images(4), contributions=torch.zeros(4, 3))
    assert table.empty
    assert table.columns.tolist() == CAUSAL_COLUMNS


def test_bad_contributions_and_shares_are_refused(planted: _Planted) -> None:
    target, images = d_logit(planted), _images(4)
    for wrong in (torch.zeros(4, 19), torch.full((4, 20), torch.nan)):
        with pytest.raises(InputError, match=r"\(4, 20\)"):
            causal_check(target, "conv", images, contributions=wrong)
    with pytest.raises(InputError, match="between 0 and 1"):
        causal_check(target, "conv", images, contributions=torch.zeros(4, 20), shares=(0.5, 1.0))


def test_one_image_has_no_interval_and_never_passes(planted: _Planted) -> None:
    row = causal_check(
        d_logit(planted), "conv", _images(1), contributions=torch.arange(20.0)[None]
    ).iloc[0]
    assert np.isnan([row["low"], row["high"], row["p"]]).all()
    assert not row["passes"]


def test_paired_t_is_scipys() -> None:
    draw = np.random.default_rng(0)
    values = draw.normal(0.4, 1, (3, 17))
    values[1, 4:7] = np.nan
    mean, low, high, p = paired_t(values)
    for at, row in enumerate(values):
        known = row[np.isfinite(row)]
        expected = stats.ttest_1samp(known, 0)
        interval = expected.confidence_interval(0.95)
        np.testing.assert_allclose(
            [mean[at], low[at], high[at], p[at]],
            [known.mean(), interval.low, interval.high, expected.pvalue],
            rtol=1e-9,
        )


def test_no_difference_at_all_is_no_evidence() -> None:
    assert [float(value) for value in paired_t(np.zeros(5))] == [0, 0, 0, 1]
    assert float(paired_t(np.full(4, 0.5))[3]) == 0
