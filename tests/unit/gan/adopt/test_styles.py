"""A generator explained by w: its author's own mapping and synthesis, called by hand."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.lime.study import TRUNCATION, _more_usual, explain_by_lime
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.gan.adopt.adopted import Adopted, adopt
from ganatomy.gan.adopt.contract import Contract, examine_contract
from ganatomy.gan.adopt.probe import probe
from ganatomy.gan.adopt.reading import read_port
from ganatomy.gan.adopt.styles import NUM, StyledGenerator
from ganatomy.gan.sampling import drawn
from ganatomy.rng import generator

HERE = "tests.unit.gan.adopt.test_styles"
DIM, DIM_W, SIZE = 3, 5, 8


class Mapping(nn.Module):
    """Known w = 10 + scales * (z0, z1, z2, z0, nothing), for each layer where there are some."""

    def __init__(self, layers: int, mixing: bool) -> None:
        super().__init__()
        self.layers, self.mixing = layers, mixing
        self.scales = nn.Parameter(torch.tensor([1.0, 2.0, 3.0, 4.0, 0.0]))

    def forward(self, z: torch.Tensor, classes: torch.Tensor | None) -> torch.Tensor:
        """Told a class, which there is none of."""
        assert classes is None
        w = 10 + self.scales * z[:, [0, 1, 2, 0, 1]]
        if not self.layers:
            return w
        ws = w[:, None].repeat(1, self.layers, 1)
        return ws + torch.arange(self.layers)[:, None] if self.mixing else ws


class Styled(nn.Module):
    """As StyleGAN is written: a mapping, and a synthesis of its answer."""

    def __init__(
        self, layers: int = 0, mixing: bool = False, halved: bool = False, broken: bool = False
    ) -> None:
        super().__init__()
        self.layers, self.halved = layers, halved
        self.mapping = Mapping(layers, mixing)
        self.net = nn.ModuleDict({"draw": Drawing(3 if broken else layers)})

    def forward(self, z: torch.Tensor) -> dict[str, torch.Tensor]:
        """Images by name; w nearer to its mean in one that truncates."""
        w = self.mapping(z, None)
        return {"images": self.net["draw"](10 + (w - 10) / 2 if self.halved else w)}


class Drawing(nn.Module):
    """Each layer adds a projection of its w."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.layers = layers
        draw = torch.Generator().manual_seed(2)
        self.weight = nn.Parameter(torch.randn(DIM_W, SIZE * SIZE, generator=draw) / 10)
        self.act = nn.Tanh()

    def forward(self, w: torch.Tensor) -> torch.Tensor:
        """Images of (n, d) or (n, layers, d)."""
        assert w.ndim == (3 if self.layers else 2)
        w = w.mean(1) if self.layers else w
        return self.act((w - 10) @ self.weight).view(-1, 1, SIZE, SIZE)


def _adopted(latent: dict[str, Any] | None = None, **arguments: Any) -> Adopted:
    given = {
        "generator": {
            "build": f"{HERE}:Styled",
            "arguments": arguments,
            "output": "images",
        },
        "latent": {"dim": DIM, "space": "w", "synthesis": "net.draw", **(latent or {})},
    }
    return adopt(read_port(given, "my-gan.yaml", Path()))


@pytest.fixture(params=[0, 4], ids=["one w", "a w for each layer"])
def adopted(request: pytest.FixtureRequest) -> Adopted:
    """The same network, written in both ways."""
    return _adopted(layers=request.param)


def _drawn(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Standard normal latents as `Adopted` draws them, and their w by hand."""
    z = drawn(64, DIM, 0, generator(seed, "latent", "test"))
    return z, 10 + torch.tensor([1.0, 2.0, 3.0, 4.0, 0.0]) * z[:, [0, 1, 2, 0, 1]]


def test_images_of_its_latents_are_those_of_the_whole_network(adopted: Adopted) -> None:
    z, _ = _drawn(0)
    assert adopted.generator is not None
    latents = adopted.latents(64, 0, "test")
    assert latents.shape == (64, DIM_W)
    theirs = Styled(adopted.generator.network.layers)(z)["images"]
    torch.testing.assert_close(adopted.generator(latents), theirs, rtol=0, atol=2e-5)


def test_latents_are_w_in_its_own_standard_deviations(adopted: Adopted) -> None:
    _, w = _drawn(0)
    latents = adopted.latents(64, 0, "test")
    near = 4 / NUM**0.5  # four standard errors of a mean; a deviation's are smaller
    expected = (w - 10) / torch.tensor([1.0, 2.0, 3.0, 4.0, 1.0])
    assert float((latents - expected).abs().max()) < near * (1 + float(expected.abs().max()))
    assert torch.equal(latents[:, 4], torch.zeros(64))  # nothing moves it
    torch.testing.assert_close(latents[:, 0], latents[:, 3], rtol=1e-4, atol=1e-4)


def test_the_middle_of_latents_is_the_mean_w_and_a_step_a_standard_deviation(
    adopted: Adopted,
) -> None:
    assert isinstance(adopted.generator, StyledGenerator)
    weight = Drawing(0).weight
    near = 4 / NUM**0.5
    middle = adopted.generator(torch.zeros(1, DIM_W)).flatten()
    assert float((middle.atanh() / 10).abs().max()) < near
    step = torch.zeros(1, DIM_W)
    step[0, 2] = 1
    moved = adopted.generator(step).flatten().atanh() - middle.atanh()
    torch.testing.assert_close(moved, 3 * weight[2], rtol=near, atol=1e-4)


def test_what_is_more_usual_is_nearer_to_the_mean_w(adopted: Adopted) -> None:
    subjects = Subjects.of(adopted.generator, None, z=adopted.latents(64, 0, "test"))
    assert subjects.latent_dim == DIM_W
    _, w = _drawn(0)
    truncated = Drawing(0)(10 + TRUNCATION * (w - 10))
    torch.testing.assert_close(_more_usual(subjects), truncated, rtol=0, atol=0.1)
    study = explain_by_lime(subjects, latent_targets=("brightness",), num_latents=4)
    assert study.latents.targets == ["brightness"]


def test_a_contract_says_which_space_is_explained(tmp_path: Path, adopted: Adopted) -> None:
    contract = examine_contract(adopted)
    assert contract.explained == (
        "w, 5 numbers that `mapping` makes of a latent and `net.draw` draws"
    )
    assert contract.findings == ()
    contract.save(tmp_path)
    assert Contract.load(tmp_path) == contract


def test_parts_that_are_not_the_whole_are_found_out() -> None:
    (oddity,) = probe(_adopted(halved=True)).oddities
    assert oddity.rule == "space"
    assert "may truncate w in between" in oddity.words


@pytest.mark.parametrize(
    ("latent", "arguments", "words"),
    [
        ({"mapping": "style"}, {}, "has no 'style' to be the mapping.*its parts are: mapping, net"),
        ({"synthesis": "synthesis"}, {}, "has no 'synthesis'.*`latent.synthesis`"),
        ({}, {"layers": 3, "mixing": True}, "other styles to each of 3 layers"),
        (
            {"mapping": "net.draw.forward"},
            {},
            r"`net.draw.forward` cannot take latents of shape \(n, 3\)",
        ),
        ({"dim": 2}, {}, r"`mapping` cannot take latents of shape \(n, 2\).*Mend `latent`"),
        ({"space": "s"}, {}, "Use z, w"),
        ({"space": "z"}, {}, "latent.synthesis: what is explained is z"),
        ({"num_classes": 3, "classes": "index"}, {}, "told classes cannot be explained"),
    ],
)
def test_what_cannot_be_explained_by_w_is_one_sentence(
    latent: dict[str, Any], arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        _adopted(latent, **arguments)


def test_a_synthesis_that_does_not_take_w_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"cannot take w of shape \(n, 5\).*`synthesis` makes"):
        probe(_adopted({"synthesis": "net.draw.forward"}, broken=True))
