"""Everything that a training carries from one step to the next: enough to go on to the last bit.

Latents, minibatch order and augmentations are drawn from (seed, step) and have no state. The
global generators are kept all the same: a network of the user's own may have dropout.
"""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.device import check_precision
from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.model import NETWORKS, Gan, build_gan
from ganatomy.gan.networks.channels_last import to_channels_last
from ganatomy.gan.settings import TrainingSettings
from ganatomy.rng import derive_seed

OPTIMISERS = ("generator", "discriminator")


@dataclass
class TrainingState:
    """A GAN in training.

    Attributes
    ----------
    gan : Gan
    optimisers : dict of str to Adam
        By the network that they move: ``generator``, ``discriminator``.
    device : torch.device
    step : int
        Steps done.
    """

    gan: Gan
    optimisers: dict[str, torch.optim.Adam]
    device: torch.device
    step: int = 0

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return all tensors of the training by name; `restore` takes them back."""
        tensors = {}
        for name in NETWORKS:
            for key, value in getattr(self.gan, name).state_dict().items():
                tensors[f"{name}/{key}"] = value
        for name, optimiser in self.optimisers.items():
            for position, parameter in enumerate(_parameters(optimiser)):
                for key, value in optimiser.state[parameter].items():
                    tensors[f"adam/{name}/{position}/{key}"] = value
        tensors["rng/cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["rng/cuda"] = torch.cuda.get_rng_state(self.device)
        tensors["step"] = torch.tensor(self.step)
        return tensors

    def restore(self, tensors: dict[str, torch.Tensor], where: str) -> None:
        """Load what `tensors` returned.

        Raises
        ------
        InputError
            They are those of other networks: names or shapes differ.
        """
        _check(tensors, self._shapes(), where)
        for name in NETWORKS:
            own = getattr(self.gan, name).state_dict()
            for key, value in own.items():
                value.copy_(tensors[f"{name}/{key}"])
        for name, optimiser in self.optimisers.items():
            for position, parameter in enumerate(_parameters(optimiser)):
                prefix = f"adam/{name}/{position}/"
                optimiser.state[parameter] = {
                    key.removeprefix(prefix): _laid_out_as(value, parameter)
                    for key, value in tensors.items()
                    if key.startswith(prefix)
                }
        torch.set_rng_state(tensors["rng/cpu"])
        if self.device.type == "cuda" and "rng/cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng/cuda"], self.device)
        self.step = int(tensors["step"])

    def is_finite(self) -> bool:
        """Say whether no weight, statistic or moment is NaN or infinite. Waits for the device."""
        return all(
            bool(torch.isfinite(value).all())
            for value in self.tensors().values()
            if value.is_floating_point()
        )

    def _shapes(self) -> dict[str, torch.Size]:
        shapes = {
            f"{name}/{key}": value.shape
            for name in NETWORKS
            for key, value in getattr(self.gan, name).state_dict().items()
        }
        for name, optimiser in self.optimisers.items():
            for position, parameter in enumerate(_parameters(optimiser)):
                for key in ("exp_avg", "exp_avg_sq"):
                    shapes[f"adam/{name}/{position}/{key}"] = parameter.shape
        return {**shapes, "step": torch.Size([])}


def begin(
    architecture: Architecture, settings: TrainingSettings, seed: int, *, device: torch.device
) -> TrainingState:
    """Build the state before the first step, in train mode on `device`; it depends on `seed` alone.

    The global generators are seeded, too.

    Raises
    ------
    InputError
        The networks cannot be built, or the device does not compute in the method's precision.
    """
    check_precision(settings.method.precision, device)
    gan = build_gan(architecture, seed)
    for name in NETWORKS:
        to_channels_last(getattr(gan, name).to(device))
    method = settings.method
    optimisers = {
        name: torch.optim.Adam(
            getattr(gan, name).parameters(),
            lr=settings.learning_rate,
            betas=(method.beta1, method.beta2),
            fused=True,
        )
        for name in OPTIMISERS
    }
    gan.generator.train()
    gan.discriminator.train()
    torch.manual_seed(derive_seed(seed, "global"))
    return TrainingState(gan, optimisers, device)


def _parameters(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _laid_out_as(value: torch.Tensor, parameter: nn.Parameter) -> torch.Tensor:
    """A copy on the parameter's device, and in its memory layout where the shapes are equal."""
    if value.shape == parameter.shape:
        return torch.empty_like(parameter).copy_(value).detach()
    return value.to(parameter.device, copy=True)


def _check(tensors: dict[str, torch.Tensor], expected: dict[str, torch.Size], where: str) -> None:
    fresh = "step" in tensors and int(tensors["step"]) == 0
    for name, shape in expected.items():
        if fresh and name.startswith("adam/"):  # no moments before the first step
            continue
        saved = tuple(tensors[name].shape) if name in tensors else "nothing"
        if saved != tuple(shape):
            raise InputError(
                f"the checkpoint is of other networks: {name} should be {tuple(shape)}, is {saved}",
                where,
                "Remove the checkpoint to begin anew, or restore the parameters it was made with.",
            )
