"""Networks that work, and one for each way of breaking the contract."""

from itertools import count

import torch
from torch import nn

Builds = count()


class Generator(nn.Module):
    """A sound one; `finish` is what most faults change."""

    def __init__(
        self, image_size: int, channels: int, latent_dim: int, width: int, num_classes: int = 0
    ) -> None:
        super().__init__()
        self.shape = (channels, image_size, image_size)
        self.first = nn.Linear(latent_dim + num_classes, 30)
        self.norm = nn.BatchNorm1d(30)
        self.last = nn.Linear(30, channels * image_size**2)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.finish(self.last(self.norm(self.first(z)).relu()).view(-1, *self.shape))

    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return images.tanh()


class NotSquashed(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return 100 * images


class TransparentG(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return images.tanh().expand(-1, 4, -1, -1)


class DoubleG(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return images.tanh().double()


class NanG(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return (images - images.abs().max() - 1).sqrt()


class PairG(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return images.tanh(), images  # type: ignore[return-value]


class FlatG(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return images.tanh().flatten(1)


class NoChannelG(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return images.tanh()[:, 0]


class ChannelsBehindG(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return images.tanh().permute(0, 2, 3, 1)


class SmallG(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return images.tanh()[:, :, ::2, ::2]


class LaterNoisyG(Generator):
    """Noise whose gain starts at zero, drawn in eval mode too."""

    def __init__(self, image_size: int, channels: int, latent_dim: int, width: int) -> None:
        super().__init__(image_size, channels, latent_dim, width)
        self.strength = nn.Parameter(torch.zeros(()))

    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return (images + self.strength * torch.randn_like(images)).tanh()


class NeedsMoreG(Generator):
    def forward(self, z: torch.Tensor, truncation: float) -> torch.Tensor:  # type: ignore[override]
        return super().forward(truncation * z)


class NoisyG(Generator):
    def finish(self, images: torch.Tensor) -> torch.Tensor:
        return (images + 0.1 * torch.randn_like(images)).tanh()


class Discriminator(nn.Module):
    """A sound one; `finish` is what most faults change."""

    def __init__(self, image_size: int, channels: int, width: int, num_classes: int = 0) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 4, 2, 1)
        self.norm = nn.BatchNorm2d(width)
        self.last = nn.Linear(width * (image_size // 2) ** 2, max(1, num_classes))
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        self.calls = self.calls + 1
        hidden = self.norm(self.first(self.begin(images))).relu()
        logits = self.last(self.flatten(hidden))
        if labels is not None:
            logits = logits.gather(1, labels[:, None])
        return self.finish(logits.mean(1, keepdim=True))

    def begin(self, images: torch.Tensor) -> torch.Tensor:
        return images

    def flatten(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden.flatten(1)

    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.squeeze(1)


class Column(Discriminator):
    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return logits


class Summed(Discriminator):
    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.mean()


class Probability(Discriminator):
    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(logits)[:, 0]


class ProbabilityModule(Discriminator):
    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.probability = nn.Sigmoid()

    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.probability(logits)).squeeze(1)


class Patches(Discriminator):
    """A logit for each patch, as PatchGAN's discriminator has it."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.last = nn.Conv2d(width, self.features, 1)  # type: ignore[assignment]

    features = 1

    def flatten(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        hidden = self.norm(self.first(images)).relu()
        return self.finish(self.last(hidden))

    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return logits


class FlatPatches(Patches):
    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.squeeze(1)


class Folded(Patches):
    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.reshape(-1)


class Pooled(Patches):
    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.mean((2, 3), keepdim=True)


class Features(Patches):
    features = 3


class PerClass(Discriminator):
    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.repeat(1, 5)


class Detached(Discriminator):
    def begin(self, images: torch.Tensor) -> torch.Tensor:
        return images.detach()


class Rounded(Discriminator):
    def begin(self, images: torch.Tensor) -> torch.Tensor:
        return images.round()


class NoGradient(Discriminator):
    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.detach().squeeze(1)


class Unused(Discriminator):
    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.spare = nn.Linear(2, 3, bias=False)


class Frozen(Unused):
    """Sound: a parameter that is not trained need not be used."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.spare.requires_grad_(False)


class PlainList(Discriminator):
    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.hidden_from_torch = [nn.Conv2d(channels, channels, 3, padding=1)]

    def begin(self, images: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.hidden_from_torch[0](images))


class BatchStatistics(Discriminator):
    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.norm = nn.BatchNorm2d(width, track_running_stats=False)


class StandardDeviation(Discriminator):
    """Minibatch standard deviation, as StyleGAN2's discriminator has it."""

    def flatten(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden.flatten(1) * (1 + hidden.std(0, correction=0).mean())


class NotInState(Discriminator):
    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.scale = torch.tensor(1.0 + next(Builds))

    def finish(self, logits: torch.Tensor) -> torch.Tensor:
        return self.scale * logits.squeeze(1)


class OtherShapes(Discriminator):
    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.register_buffer("extra", torch.zeros(1 + next(Builds)))


class ViewOfMap(Discriminator):
    def flatten(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden.view(len(hidden), -1)


class StridesMatter(Discriminator):
    def flatten(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden.as_strided((len(hidden), hidden[0].numel()), (hidden[0].numel(), 1))


class Lazy(Discriminator):
    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__(image_size, channels, width)
        self.last = nn.LazyLinear(1)


class Empty(nn.Module):
    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((1, 2, 3))


class Unlabelled(Discriminator):
    def forward(self, images: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return super().forward(images)
