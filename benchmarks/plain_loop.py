"""The loop that people write first: PyTorch's DCGAN example, with the networks given to it.

Kept as the example has it (examples/dcgan/main.py): a DataLoader of PIL images with transforms for
each item, BCELoss on probabilities, Adam, and values read at every step.
"""

import time
from collections.abc import Callable

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Pictures(Dataset[tuple[torch.Tensor, int]]):
    """uint8 images as PIL images, each transformed when it is asked for."""

    def __init__(self, images: torch.Tensor) -> None:
        self.images = images
        size = images.shape[-1]
        middle = (0.5,) * images.shape[1]
        self.transform = transforms.Compose(
            [
                transforms.Resize(size),
                transforms.CenterCrop(size),
                transforms.ToTensor(),
                transforms.Normalize(middle, middle),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        pixels = self.images[index].permute(1, 2, 0).squeeze(-1).numpy()
        return self.transform(Image.fromarray(pixels)), 0


def train_plainly(
    generator: nn.Module,
    discriminator: nn.Module,
    images: torch.Tensor,
    latent_dim: int,
    batch_size: int,
    num_workers: int,
    device: torch.device,
    go_on: Callable[[int, float], bool],
) -> tuple[int, float]:
    """Train until `go_on(steps, seconds)` says no; returns (steps, wall seconds)."""
    loader = DataLoader(
        Pictures(images), batch_size=batch_size, shuffle=True, num_workers=num_workers
    )
    criterion = nn.BCELoss()
    real_label, fake_label = 1.0, 0.0
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    steps, started = 0, time.perf_counter()
    while True:
        for data, _ in loader:
            # (1) D: maximise log(D(x)) + log(1 - D(G(z)))
            discriminator.zero_grad()
            real = data.to(device)
            count = real.size(0)
            label = torch.full((count,), real_label, device=device)
            output = torch.sigmoid(discriminator(real))
            error_real = criterion(output, label)
            error_real.backward()
            output.mean().item()
            noise = torch.randn(count, latent_dim, device=device)
            fake = generator(noise)
            label.fill_(fake_label)
            output = torch.sigmoid(discriminator(fake.detach()))
            error_fake = criterion(output, label)
            error_fake.backward()
            output.mean().item()
            (error_real + error_fake).item()
            optimizer_d.step()
            # (2) G: maximise log(D(G(z)))
            generator.zero_grad()
            label.fill_(real_label)
            output = torch.sigmoid(discriminator(fake))
            error_g = criterion(output, label)
            error_g.backward()
            output.mean().item()
            error_g.item()
            optimizer_g.step()
            steps += 1
            if not go_on(steps, time.perf_counter() - started):
                return steps, time.perf_counter() - started
