"""Networks of anybody's: what they do to be followed, refused, or left as they were."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.structure.graph import INPUT, OUTPUT
from ganatomy.explain.structure.reach import pixels_changed
from ganatomy.explain.structure.result import NetworkStructure
from ganatomy.explain.structure.study import describe_structure
from ganatomy.explain.structure.tracing import trace
from ganatomy.explain.structure.untouched import untouched

IMAGES = torch.randn(12, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class _Head(nn.Module):
    """A layer of its own in front of one that gives the logit."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.maps, self.head = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(width, 1)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(features.flatten(1))
        return logits.squeeze(1)


class _Recurrent(_Head):
    def __init__(self) -> None:
        super().__init__(8)
        self.rows = nn.LSTM(64, 8, batch_first=True)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        states, _ = self.rows(self.maps(images).flatten(2))
        return self.logits(states[:, -1])


class _Attending(_Head):
    def __init__(self) -> None:
        super().__init__(4)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        places = self.maps(images).flatten(2).transpose(1, 2)
        seen, _ = self.attention(places, places, places)
        return self.logits((places + seen).mean(1))


class _Noisy(_Head):
    def __init__(self) -> None:
        super().__init__(256)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.maps(images)
        return self.logits(maps + torch.randn(len(maps), 1, 8, 8))


class _Remembering(_Head):
    """Keeps what it made of the first images that it saw."""

    cache: torch.Tensor | None

    def __init__(self) -> None:
        super().__init__(256)
        self.cache, self.seen = None, list[int]()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.maps(images)
        self.cache = maps.mean(0) if self.cache is None else self.cache
        self.seen.append(len(images))
        self.last = maps
        return self.logits(maps - self.cache)


class _Grouped(_Head):
    """Compares images in groups of up to four, as StyleGAN's minibatch statistics do."""

    def __init__(self) -> None:
        super().__init__(256)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        groups = self.maps(images).reshape(-1, min(4, len(images)), 256)
        return self.logits((groups - groups.mean(1, keepdim=True)).reshape(-1, 256))


class _NumPy(_Head):
    def __init__(self) -> None:
        super().__init__(64)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logits(torch.from_numpy(images.numpy() * 2))


def _scripted() -> nn.Module:
    layers = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 1)
    )
    scripted: nn.Module = torch.jit.script(nn.Sequential(*layers, nn.Flatten(0)))
    return scripted


def _asked(network: nn.Module, images: torch.Tensor = IMAGES) -> NetworkStructure:
    return describe_structure(Subjects.of(None, network, real=images)).networks["D"]


@pytest.mark.parametrize("build", [_Recurrent, _Attending, _Noisy, _Remembering])
def test_they_are_followed_from_the_first_layer_to_the_last(build: Callable[[], nn.Module]) -> None:
    found = _asked(build())
    assert found.is_traced
    assert not found.missing
    assert found.graph.before("maps") == [INPUT]
    assert found.graph.after("head") == [OUTPUT]
    assert {OUTPUT, "head"} <= found.graph.reached("maps")
    assert found.graph.unplaced == 0


def test_layers_that_return_more_than_a_tensor_have_no_units() -> None:
    assert list(_asked(_Recurrent()).vitals["name"]) == ["maps"]


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_of_a_scripted_network_operations_are_known() -> None:
    kinds = [part.kind for part in _asked(_scripted()).graph.parts]
    assert kinds == [INPUT, "convolution", "batch norm", "relu", "linear", OUTPUT]


def test_one_that_compares_groups_of_images_looks_at_the_batch() -> None:
    found = _asked(_Grouped(), IMAGES[:8])
    assert found.is_traced
    assert found.batch_in_use == ("mean",)


def test_what_cannot_be_asked_is_told_with_its_reason() -> None:
    heard: list[str] = []
    subjects = Subjects.of(None, _NumPy(), real=IMAGES)
    study = describe_structure(subjects, on_warning=heard.append)
    found = study.networks["D"]
    assert not found.is_traced
    assert [part.name for part in found.graph.parts] == [INPUT, "head", OUTPUT]
    assert len(heard) == 1 + len(found.missing) == 3
    assert all("numpy()" in each for each in found.missing)
    assert "could not be measured how far its places reach: Can't call numpy()" in study.verdict()


@pytest.mark.parametrize("build", [_Noisy, _Remembering])
def test_nothing_of_it_is_moved_nor_of_random_numbers(build: Callable[[], Any]) -> None:
    network = build()
    subjects = Subjects.of(None, network, real=IMAGES)  # its own look is another's
    network.train()
    attributes = vars(network).copy()
    seen = list(getattr(network, "seen", []))
    weights = {name: each.clone() for name, each in network.state_dict().items()}
    state = torch.get_rng_state()
    describe_structure(subjects)
    trace(network, IMAGES[:2])
    assert vars(network) == attributes
    assert getattr(network, "seen", []) == seen
    assert all(torch.equal(each, weights[name]) for name, each in network.state_dict().items())
    assert all(each.training for each in network.modules())
    assert torch.equal(torch.get_rng_state(), state)


def test_entries_of_lists_and_dicts_are_put_back() -> None:
    network = nn.Linear(2, 1)
    network.seen, network.by_name = [1], {"one": 1}  # type: ignore[assignment]
    with untouched(network):
        network.seen.append(2)  # type: ignore[operator,union-attr]
        network.by_name["two"] = 2  # type: ignore[index,operator]
    assert (network.seen, network.by_name) == ([1], {"one": 1})


class _Grain(nn.Module):
    """A generator that draws grain for every place."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Unflatten(1, (1, 8, 8))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self.maps(z)
        return maps + torch.randn(maps.shape)


def test_noise_is_not_taken_for_what_a_place_changes() -> None:
    assert pixels_changed(_Grain(), torch.zeros(2, 64), ["maps"]) == {"maps": (1, 1)}
