"""The engine: one stream of batches, deterministic per image, and nothing left behind."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.engine import lime
from ganatomy.explain.lime.explanations import LimeExplanations
from ganatomy.explain.lime.reference import package_coefficients
from ganatomy.explain.lime.sampling import surrogates
from ganatomy.explain.lime.segments import grid
from ganatomy.explain.lime.settings import DESIGNS, LimeSampling
from ganatomy.explain.lime.stability import correlation, stability
from ganatomy.explain.networks.targets import Target

DRAW = torch.Generator().manual_seed(1)
IMAGES = torch.rand(4, 3, 12, 12, generator=DRAW) * 1.8 - 0.8
SEGMENTS = grid(12, 12, 3)  # 16
FILLS = baselines("black", IMAGES)


class Small(nn.Module):
    """A convolutional network, nonlinear enough; `looks_at_memory` as many networks do."""

    def __init__(self, looks_at_memory: bool = False) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, 2, 1)
        self.norm = nn.BatchNorm2d(6)
        self.second = nn.Conv2d(6, 1, 6)
        self.looks_at_memory = looks_at_memory
        for index, weight in enumerate(self.parameters()):
            draw = torch.Generator().manual_seed(index)
            weight.data = torch.randn(weight.shape, generator=draw) * 0.5
        self.seen: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(images)
        hidden = torch.tanh(self.norm(self.first(images)))
        if self.looks_at_memory:
            hidden = hidden.view(len(images), -1).view_as(hidden)
        logits: torch.Tensor = self.second(hidden).flatten()
        return logits


def _target(network: nn.Module) -> Target:
    return Target("t", network, network)


def _lime(network: nn.Module, rows: slice = slice(None), **options: Any) -> LimeExplanations:
    of_sampling = {field.name for field in fields(LimeSampling)} & set(options)
    chosen = {name: options.pop(name) for name in of_sampling}
    given: dict[str, Any] = {"segments": SEGMENTS, "fills": FILLS[rows], "seed": 0} | options
    sampling = LimeSampling(**{"num_samples": 128, **chosen})
    return lime(_target(network), IMAGES[rows], sampling=sampling, **given)


def _same(one: LimeExplanations, two: LimeExplanations, rows: list[int], atol: float) -> None:
    for left, right in enumerate(rows):
        for name in ("coefficients", "low", "high"):
            torch.testing.assert_close(
                getattr(one, name)[left], getattr(two, name)[right], rtol=0, atol=atol
            )
        torch.testing.assert_close(one.r2[left], two.r2[right], rtol=0, atol=atol)


@pytest.mark.parametrize("design", DESIGNS)
def test_coefficients_are_those_of_the_packages_model_at_the_masks_that_were_painted(
    design: str,
) -> None:
    """Masks and values are read off the images that the network saw."""
    network = Small()
    found = _lime(network, slice(1), design=design, ridge=1.0)
    images = torch.cat(network.seen[1:])  # the first tries the memory layout
    shown = (images[:, :, ::3, ::3] == IMAGES[0, :, ::3, ::3]).all(1).flatten(1)
    hidden = (images[:, :, ::3, ::3] == -1).all(1).flatten(1)
    assert torch.equal(shown, ~hidden)
    values = network.eval()(images).detach()
    used = slice(0 if design == "iid" else 2, None)
    assert bool(shown[0].all())
    expected, r2 = package_coefficients(shown[used], values[used])
    torch.testing.assert_close(found.coefficients[0], expected, rtol=0, atol=1e-5)
    assert float(found.r2[0]) == pytest.approx(r2, abs=1e-5)
    assert float(found.target_values[0]) == pytest.approx(float(values[0]), abs=1e-5)


def test_the_package_and_the_engine_meet_with_many_samples() -> None:
    ours = _lime(Small(), slice(2), num_samples=8192)
    theirs = _lime(Small(), slice(2), num_samples=8192, engine="lime")
    for row in range(2):
        scale = float(ours.coefficients[row].abs().max())
        torch.testing.assert_close(
            theirs.coefficients[row], ours.coefficients[row], rtol=0, atol=0.05 * scale
        )
    torch.testing.assert_close(theirs.r2, ours.r2, rtol=0, atol=0.03)
    torch.testing.assert_close(theirs.target_values, ours.target_values, rtol=0, atol=1e-5)


def test_an_image_is_explained_alike_whatever_is_beside_it_and_in_batches_of_any_size() -> None:
    together = _lime(Small())
    for size in (7, 512):
        _same(_lime(Small(), batch_size=size), together, [0, 1, 2, 3], 1e-5)
    _same(_lime(Small(), slice(2, 3)), together, [2], 1e-5)
    own = SEGMENTS.expand(4, -1, -1).clone()
    _same(_lime(Small(), segments=own), together, [0, 1, 2, 3], 1e-5)


@pytest.mark.parametrize("engine", ["torch", "lime"])
def test_seed_and_content_decide(engine: str) -> None:
    def first(**options: Any) -> torch.Tensor:
        return _lime(Small(), slice(1), engine=engine, **options).coefficients[0]

    before = first()
    np.random.seed(5)
    torch.manual_seed(5)
    assert torch.equal(first(), before)
    assert not torch.equal(first(seed=1), before)


def test_images_with_different_numbers_of_segments() -> None:
    own = torch.stack([SEGMENTS, grid(12, 12, 4), grid(12, 12, 4), SEGMENTS])
    seen: list[tuple[int, int]] = []
    found = _lime(Small(), segments=own, on_progress=lambda done, total: seen.append((done, total)))
    assert [len(each) for each in found.coefficients] == [16, 9, 9, 16]
    _same(_lime(Small(), slice(1)), found, [0], 1e-5)
    _same(_lime(Small(), slice(1, 2), segments=grid(12, 12, 4)), found, [1], 1e-5)
    for row in range(4):
        torch.testing.assert_close(found.maps[row], found.coefficients[row][own[row]].float())
    assert seen[-1] == (512, 512)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_complements_share_a_baseline_and_all_baselines_are_used() -> None:
    network = Small()
    pool = torch.rand(20, 3, 12, 12, generator=DRAW) * 2 - 1
    fills = baselines("marginal", IMAGES[:1], pool)
    _lime(network, slice(1), fills=fills)
    used = []
    for pair in torch.cat(network.seen[1:]).unflatten(0, (-1, 2)):
        matches = []
        for fill in fills[0]:
            is_fill = (pair == fill).all(1)
            is_image = (pair == IMAGES[0]).all(1)
            matches.append(bool((is_fill ^ is_image).all()))
            assert torch.equal(is_image[0], ~is_image[1])
        assert sum(matches) == 1
        used.append(matches.index(True))
    assert sorted(set(used)) == list(range(16))
    assert all(used.count(each) == 4 for each in range(16))


@pytest.mark.parametrize("looks_at_memory", [False, True])
def test_the_network_is_given_back_as_it_was(looks_at_memory: bool) -> None:
    network = Small(looks_at_memory).train()
    network.second.weight.requires_grad_(False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    strides = [weight.stride() for weight in network.parameters()]
    found = _lime(network)
    assert [weight.stride() for weight in network.parameters()] == strides
    assert network.training
    assert network.norm.training
    assert [weight.requires_grad for weight in network.parameters()] == [
        name != "second.weight" for name, _ in network.named_parameters()
    ]
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    for weight in network.parameters():
        assert weight.grad is None
    _same(_lime(Small()), found, [0, 1, 2, 3], 1e-5)
    network(IMAGES).sum().backward()  # no parameter became a tensor of inference mode
    assert network.first.weight.grad is not None


def test_an_error_leaves_the_network_as_it_was() -> None:
    class Failing(Small):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if len(self.seen) > 2:
                raise ValueError("half-way")
            return super().forward(images)

    network = Failing().train()
    strides = [weight.stride() for weight in network.parameters()]
    with pytest.raises(ValueError, match="half-way"):
        _lime(network, batch_size=50)
    assert network.training
    assert [weight.stride() for weight in network.parameters()] == strides


def test_batches_hold_several_images() -> None:
    network = Small()
    _lime(network, batch_size=200)
    assert [len(images) for images in network.seen] == [1, 200, 200, 112]


def test_memory_that_runs_out_halves_the_batch() -> None:
    class Tight(Small):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if len(images) > 60:
                raise MemoryError
            return super().forward(images)

    told: list[str] = []
    _same(_lime(Tight(), on_warning=told.append), _lime(Small()), [0, 1, 2, 3], 1e-5)
    assert any("out of memory" in text for text in told)


def test_stops_when_the_widest_interval_is_narrow_enough() -> None:
    """An item that is linear needs no second round; the noisier of the others need more."""
    noise = [0.0, 0.2, 1.0]

    def values_of(item: torch.Tensor, masks: torch.Tensor, draw: torch.Tensor) -> torch.Tensor:
        sign = 2 * masks.double() - 1
        scale = torch.tensor(noise)[item].double()
        return sign.sum(1) + scale * sign[:, :3].prod(1) + scale * sign[:, 3:6].prod(1)

    told: list[str] = []
    sampling = LimeSampling(num_samples=64, tolerance=0.2, max_samples=2048)
    found = surrogates(values_of, 8, [1, 2, 3], sampling=sampling, on_warning=told.append)
    half = ((found.fitted.high - found.fitted.low) / 2).amax(1)
    counts = found.num_samples.tolist()
    assert counts[0] == 64 < counts[2]
    assert counts[0] <= counts[1] < counts[2] <= 2048
    assert float(half.max()) <= 0.2
    assert told == []
    for item in range(3):  # the doubled rounds are one longer one
        number = torch.tensor(item)

        def of_item(
            _: torch.Tensor, masks: torch.Tensor, draw: torch.Tensor, number: torch.Tensor = number
        ) -> torch.Tensor:
            return values_of(number.expand(len(draw)), masks, draw)

        once = surrogates(of_item, 8, [1 + item], sampling=LimeSampling(num_samples=counts[item]))
        torch.testing.assert_close(once.fitted.coefficients[0], found.fitted.coefficients[item])
    limited = replace(sampling, max_samples=100)
    capped = surrogates(values_of, 8, [1, 2, 3], sampling=limited, on_warning=told.append)
    assert capped.num_samples.tolist()[2] == 100
    assert "after 100 samples" in told[0]


def test_stability_tells_few_samples_from_many() -> None:
    def of(num_samples: int) -> torch.Tensor:
        sampling = LimeSampling(num_samples=num_samples)
        return stability(_target(Small()), IMAGES, SEGMENTS, fills=FILLS, seed=0, sampling=sampling)

    few, many = of(40), of(2048)
    assert bool((few < many).all())
    assert 0.97 < float(many.min()) <= float(many.max()) <= 1


def test_stability_is_the_mean_correlation_over_pairs() -> None:
    runs = [_lime(Small(), seed=seed) for seed in range(3)]
    stacks = [np.stack([run.coefficients[row].numpy() for run in runs]) for row in range(4)]
    expected = [np.corrcoef(each)[np.triu_indices(3, 1)].mean() for each in stacks]
    np.testing.assert_allclose(correlation(runs), expected, rtol=1e-9)
    black = lime(_target(Small()), -torch.ones(1, 3, 12, 12), SEGMENTS, fills=FILLS[:1], seed=0)
    assert bool(correlation([black, black]).isnan().all())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"engine": "tf"}, "torch, lime"),
        ({"design": "halton"}, "iid, paired, orthogonal"),
        ({"segments": grid(12, 12, 6)}, "only 4 segments"),
        ({"segments": grid(10, 12, 3)}, "segments of shape"),
        ({"fills": FILLS[:, :, :1]}, "fills of shape"),
        ({"num_samples": 30}, "30 samples cannot tell 16 features"),
        ({"ridge": 0.0}, "ridge"),
    ],
)
def test_what_cannot_be_used_is_said(change: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        _lime(Small(), **change)


def test_images_must_be_a_batch() -> None:
    score: Callable[[torch.Tensor], torch.Tensor] = Small()
    with pytest.raises(InputError, match="shape"):
        lime(Target("t", nn.Identity(), score), IMAGES[0], SEGMENTS, fills=FILLS[:1], seed=0)


@pytest.mark.parametrize("num_seeds", [0, 1])
def test_one_seed_tells_no_stability(num_seeds: int) -> None:
    with pytest.raises(InputError, match="seeds"):
        stability(_target(Small()), IMAGES, SEGMENTS, fills=FILLS, seed=0, num_seeds=num_seeds)


def test_an_odd_limit_ends_at_the_pair_below_it() -> None:
    """Samples come in pairs: one that is left over is not waited for."""
    told: list[str] = []
    found = surrogates(
        lambda _item, masks, _draw: masks.double().prod(1) + masks[:, 0],
        8,
        [1, 2],
        sampling=LimeSampling(num_samples=64, tolerance=1e-9, max_samples=199),
        on_warning=told.append,
    )
    assert found.num_samples.tolist() == [198, 198]
    assert len(told) == 1
