"""What adopted networks really do: each planted oddity is found, and a sound GAN has none."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.gan.adopt.adopted import adopt
from ganatomy.gan.adopt.probe import Probe, probe
from ganatomy.gan.adopt.reading import read_port
from tests.unit.gan.adopt.foreign import SIZE

HERE = "tests.unit.gan.adopt.foreign"
LATENT = {"dim": 8, "shape": "map"}
GENERATOR = {
    "build": f"{HERE}:Generator",
    "arguments": {"trained": True},
    "output": 1,
    "range": "[0, 255]",
}
WITHOUT_RANGE = {key: each for key, each in GENERATOR.items() if key != "range"}
DISCRIMINATOR = {
    "build": f"{HERE}:Discriminator",
    "output": "real",
    "range": [0, 1],
    "probability": True,
}


def _probed(images: torch.Tensor | None = None, **parts: Any) -> Probe:
    return probe(adopt(read_port(parts, "my-gan.yaml", Path())), images)


def test_a_sound_gan_is_not_odd() -> None:
    found = _probed(generator=GENERATOR, discriminator=DISCRIMINATOR, latent=LATENT)
    assert found.oddities == ()
    assert found.image_shape == (3, SIZE, SIZE)
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low < found.high <= 1


ODD: list[tuple[dict[str, Any], str, str]] = [
    ({"generator": {**GENERATOR, "range": "[-1, 1]"}}, "range", r"likely `range: \[0, 255\]`"),
    (
        {"generator": {**GENERATOR, "build": f"{HERE}:Unit", "range": "[0, 255]", "output": []}},
        "range",
        "reach only from",
    ),
    (
        {"generator": {**WITHOUT_RANGE, "mean": -100.0, "std": 1.0}},
        "range",
        r"beyond -1 to 1 in 9\d\.\d% of values",
    ),
    (
        {"generator": {**GENERATOR, "build": f"{HERE}:Unit", "range": "[-1, 1]", "output": []}},
        "range",
        r"never darker than mid-grey.*`range: \[0, 1\]`",
    ),
    ({"generator": {"build": f"{HERE}:Noisy"}, "latent": {"dim": 2}}, "chance", "G draws random"),
    (
        {"generator": {**GENERATOR, "arguments": {"trained": False}}},
        "statistics",
        "generator's BatchNorm has never seen a batch",
    ),
    ({"generator": {"build": f"{HERE}:Constant"}}, "variety", "makes one image"),
    ({"generator": {"build": f"{HERE}:Mates"}}, "batch", "G's answer depends on what else"),
    ({"discriminator": {**DISCRIMINATOR, "probability": False}}, "bounds", "`probability: true`"),
]


@pytest.mark.parametrize(("parts", "rule", "words"), ODD)
def test_what_is_odd_is_said(parts: dict[str, Any], rule: str, words: str) -> None:
    given = {"generator": GENERATOR, "latent": LATENT, **parts}
    (oddity,) = _probed(**given).oddities
    assert oddity.rule == rule
    assert re.search(words, oddity.words)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"latent": {"dim": 9, "shape": "map"}}, r"latents of shape \(n, 9, 1, 1\): .*Mend `latent`"),
    ({"latent": {"dim": 8}}, r"latents of shape \(n, 8\): .*It takes them with `shape: map`"),
    ({"generator": {**GENERATOR, "output": 0}}, "channels of 1 x 1"),
    ({"generator": {**GENERATOR, "build": f"{HERE}:Broken"}}, "8 of 8 answers hold NaN"),
    ({"discriminator": {**DISCRIMINATOR, "arguments": {"nc": 1}}}, "cannot take images"),
]


@pytest.mark.parametrize(("parts", "words"), WRONG)
def test_what_cannot_be_asked_is_one_sentence(parts: dict[str, Any], words: str) -> None:
    given = {"generator": GENERATOR, "latent": LATENT, **parts}
    with pytest.raises(InputError, match=words):
        _probed(**given)


def test_a_discriminator_alone_needs_images_of_its_kind() -> None:
    with pytest.raises(InputError, match="a discriminator alone, and no images"):
        _probed(discriminator=DISCRIMINATOR)
    images = torch.rand(9, 3, SIZE, SIZE) * 2 - 1
    assert _probed(images, discriminator=DISCRIMINATOR).oddities == ()
    with pytest.raises(InputError, match=r"images of shape \(3, 32, 32\), G's are"):
        _probed(
            torch.zeros(2, 3, 32, 32),
            generator=GENERATOR,
            discriminator=DISCRIMINATOR,
            latent=LATENT,
        )
