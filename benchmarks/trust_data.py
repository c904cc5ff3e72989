"""Four data sets that come with packages, and the GANs whose discriminators are judged on them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.quality import fashion_mnist
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.gan.sampling import latents
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.training import train_gan
from ganatomy.rng import generator
from tests.planted import digits

IMAGES = 40  # real ones, and as many generated ones, as in the pipeline
POOL = 1000
_KIMG = 60  # of each training
_HELD_OUT = 1000
_PATCH = 32
_METHOD = Method(discriminator="dcgan-plain")


def subjects_and_pool(name: str, seed: int) -> tuple[Subjects, torch.Tensor]:
    """Train a GAN on a data set; return it with held-out images, and its training images."""
    train, held_out = DATA[name](seed)
    settings = TrainingSettings(epochs=round(1000 * _KIMG / len(train)), method=_METHOD)
    gan = train_gan(train.images, settings, seed)
    shown = _one_class_after_the_other(held_out)
    subjects = Subjects.of(
        gan.generator_ema.eval(),
        gan.discriminator.eval(),
        real=to_float(shown.images),
        z=latents(IMAGES, gan.architecture, seed, "trust"),
        real_labels=shown.labels,
    )
    return subjects, to_float(train.images[:POOL])


def _one_class_after_the_other(data: Dataset) -> Dataset:
    """As the pipeline takes them."""
    rounds = torch.zeros(len(data), dtype=torch.int64)
    for label in data.labels.unique():
        members = data.labels == label
        rounds[members] = torch.arange(int(members.sum()))
    order = sorted(range(len(data)), key=lambda i: (int(rounds[i]), int(data.labels[i])))
    return data.take(torch.tensor(order[:IMAGES]))


def _divided(data: Dataset, seed: int, held_out: int) -> tuple[Dataset, Dataset]:
    order = torch.randperm(len(data), generator=generator(seed, "trust", "split"))
    return data.take(order[held_out:]), data.take(order[:held_out])


def _digits(seed: int) -> tuple[Dataset, Dataset]:
    return _divided(digits(5000, seed), seed, _HELD_OUT)


def _fashion(seed: int) -> tuple[Dataset, Dataset]:
    """5,000 of its training images, 1,000 of its test images."""
    draw = generator(seed, "trust", "fashion")
    train, test = fashion_mnist()
    chosen = torch.randperm(len(train), generator=draw)[:5000]
    return train.take(chosen), test.take(torch.randperm(len(test), generator=draw)[:_HELD_OUT])


def _small_digits(seed: int) -> tuple[Dataset, Dataset]:
    """The 1,797 of scikit-learn, 8 x 8 with 17 grey levels, enlarged."""
    from sklearn.datasets import load_digits

    raw: Any = load_digits()
    small = torch.from_numpy(raw.images).float()[:, None] / 16 * 255
    images = functional.interpolate(small, (28, 28), mode="bilinear", align_corners=False)
    whole = Dataset(images.round().to(torch.uint8), torch.from_numpy(raw.target).long())
    return _divided(whole, seed, 400)


def _textures(seed: int) -> tuple[Dataset, Dataset]:
    """Patches of three of scikit-image's photographs; held-out ones from a part of their own."""
    from skimage import data

    pictures = [data.brick(), data.grass(), data.gravel()]
    border = 384  # of the 512 rows
    draw = generator(seed, "trust", "textures")
    train = [_patches(each[:border], 1600, draw) for each in pictures]
    held_out = [_patches(each[border:], 300, draw) for each in pictures]
    return _labelled(train), _labelled(held_out)


def _patches(picture: "np.ndarray[Any, Any]", count: int, draw: torch.Generator) -> torch.Tensor:
    rows, columns = (
        torch.randint(size - _PATCH + 1, (count,), generator=draw).tolist()
        for size in picture.shape
    )
    parts = [picture[r : r + _PATCH, c : c + _PATCH] for r, c in zip(rows, columns)]
    return torch.from_numpy(np.stack(parts))[:, None]


def _labelled(by_class: list[torch.Tensor]) -> Dataset:
    labels = [torch.full((len(each),), label) for label, each in enumerate(by_class)]
    return Dataset(torch.cat(by_class), torch.cat(labels))


DATA: dict[str, Callable[[int], tuple[Dataset, Dataset]]] = {
    "digits": _digits,
    "fashion-mnist": _fashion,
    "sklearn digits": _small_digits,
    "textures": _textures,
}
