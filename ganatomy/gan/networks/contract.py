"""What training and explanations need of a network, tried on a user's own before anything runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.networks.channels_last import to_channels_last
from ganatomy.gan.networks.construct import construct_discriminator, construct_generator
from ganatomy.gan.networks.graph import leaves
from ganatomy.gan.networks.remedies import for_error, for_shape
from ganatomy.rng import generator, seeded
from ganatomy.squashing import squashing

_FAR = 1e6  # how long the longest latents are, in standard deviations
_STEP = 0.02  # by which weights are moved for the second trial, a standard deviation
_TOLERANCE = 1e-4  # relative to the largest output: float32 sums in another order differ by 1e-6

Inputs = tuple[torch.Tensor, ...]


def check_generator(network: nn.Module, architecture: Architecture, name: str) -> None:
    """Try a generator on tiny batches: with its own first weights, then with them moved a little.

    What a gain or a last layer that starts at zero hides shows in the second trial. Images must be
    float32 of shape (n, c, s, s) in [-1, 1], also for unusually long latents; in eval mode each
    depends on its own latent alone. Gradients must reach every trainable parameter, the state dict
    must hold all that matters, channels_last must work, and instances of one seed must start alike.
    The network and the global random generators are left as they were.

    Parameters
    ----------
    network : nn.Module
        On the CPU, without spectral norm.
    architecture : Architecture
    name : str
        What `architecture.generator` is or would be for another network like this one.

    Raises
    ------
    InputError
        The first fault: what was got and what was expected.
    """
    shape = (architecture.channels, architecture.image_size, architecture.image_size)
    contract = _Contract(name, "generator")
    contract.check_parameters(network)
    with _left_as_it_was(network):
        batches = [_latents(count, architecture, size) for count in (3, 2) for size in (1, 10)]
        far = _latents(3, architecture, _FAR)  # first weights may be small: unbounded images show
        for _ in contract.trials(network):
            for mode, inputs in [*product((True, False), batches), (False, far)]:
                finite = inputs is not far
                images = contract.check_output(network.train(mode), inputs, shape, finite)
                low, high = (float(bound) for bound in images.detach().aminmax())
                if low < -1 or high > 1:
                    raise contract.fault(
                        f"images between {low:.3g} and {high:.3g}, expected [-1, 1]",
                        "End with torch.tanh.",
                    )
            contract.check_gradients(network, batches[0], of_inputs=False)
            contract.check_batch_mates(network, batches[0])
        own = replace(architecture, generator=name)
        others = [construct_generator(own, seed=1) for _ in range(2)]
        contract.check_state(network, others, batches[0])


def check_discriminator(network: nn.Module, architecture: Architecture, name: str) -> None:
    """Try a discriminator on tiny batches; see `check_generator`.

    There must be one logit for each image, of shape (n,) and not squashed by a sigmoid, with
    labels and without if there are classes; gradients must reach the images too.
    """
    contract = _Contract(name, "discriminator")
    contract.check_parameters(network)
    with _left_as_it_was(network):
        batches = [_images(count, architecture) for count in (3, 2)]
        if architecture.num_classes:
            batches += [(*inputs, _labels(len(inputs[0]), architecture)) for inputs in batches]
        largest = batches[-2]
        for _ in contract.trials(network):
            for mode, inputs in product((True, False), batches):
                logits = contract.check_output(network.train(mode), inputs, ())
                if function := squashing(logits, scaled=False)[0]:
                    raise contract.fault(
                        f"logits end in a {function}, expected any real number",
                        f"Leave out the {function}: the losses take what is before it.",
                    )
            contract.check_gradients(network, largest, of_inputs=True)
            contract.check_batch_mates(network, largest)
        own = replace(architecture, discriminator=name)
        others = [construct_discriminator(own, seed=1) for _ in range(2)]
        contract.check_state(network, others, largest)


class _Contract:
    """The checks that both kinds of network share; `name` and `where` are for the messages."""

    def __init__(self, name: str, where: str) -> None:
        self.name, self.where = name, where
        self.moved = False

    def fault(self, what: str, remedy: str) -> InputError:
        when = ", once its first weights have moved a little" if self.moved else ""
        return InputError(f"{self.name}: {what}{when}", self.where, remedy)

    def trials(self, network: nn.Module) -> Iterator[None]:
        """With the network's own weights, then with them moved."""
        yield
        self.moved = True
        _move(network)
        yield
        self.moved = False

    def check_parameters(self, network: nn.Module) -> None:
        if not any(parameter.requires_grad for parameter in network.parameters()):
            raise self.fault(
                "no trainable parameters",
                "Keep layers in attributes, nn.Sequential or nn.ModuleList, not in a plain list, "
                "and leave requires_grad of some of them true.",
            )
        if any(nn.parameter.is_lazy(parameter) for parameter in network.parameters()):
            raise self.fault(
                "parameters that have no shape before the first forward",
                "Use nn.Conv2d and nn.Linear with all sizes instead of the lazy kind.",
            )

    def call(self, network: nn.Module, inputs: Inputs, circumstance: str = "") -> torch.Tensor:
        """The output, whatever it is."""
        try:
            output: torch.Tensor = network(*inputs)
        except Exception as error:
            shapes = " and ".join(str(tuple(each.shape)) for each in inputs)
            mode = "train" if network.training else "eval"
            raise self.fault(
                f"forward raised {type(error).__name__} in {mode} mode{circumstance} for input of "
                f"shape {shapes}: {error}",
                for_error(error, inputs),
            ) from error
        return output

    def check_output(
        self, network: nn.Module, inputs: Inputs, shape: tuple[int, ...], finite: bool = True
    ) -> torch.Tensor:
        output = self.call(network, inputs)
        expected = (len(inputs[0]), *shape)
        if not isinstance(output, torch.Tensor):
            raise self.fault(
                f"forward gave a {type(output).__name__}, expected a tensor of shape {expected}",
                "Return one tensor.",
            )
        if output.shape != expected:
            raise self.fault(
                f"output of shape {tuple(output.shape)}, expected {expected}",
                for_shape(tuple(output.shape), expected),
            )
        if output.dtype != torch.float32:
            raise self.fault(
                f"output is {output.dtype}, expected torch.float32", "Cast it: `.float()`."
            )
        if finite and not output.isfinite().all():
            raise self.fault("output is not finite", "Look for a division by zero or a logarithm.")
        return output

    def check_gradients(self, network: nn.Module, inputs: Inputs, of_inputs: bool) -> None:
        first = inputs[0].clone().requires_grad_(of_inputs)
        output = self.call(network.train(), (first, *inputs[1:]))
        named = {name: p for name, p in network.named_parameters() if p.requires_grad}
        if not output.requires_grad:
            raise self.fault(
                "the output carries no gradient", "Remove detach or torch.no_grad from forward."
            )
        reached = leaves(output)
        unknown = [leaf for leaf in reached if not any(leaf is p for p in (first, *named.values()))]
        if unknown:
            largest = max(unknown, key=torch.numel)
            raise self.fault(
                f"forward uses a trainable tensor of shape {tuple(largest.shape)} that is not "
                "among parameters()",
                "Keep layers in attributes, nn.Sequential or nn.ModuleList, not in a plain list, "
                "and a tensor of its own as nn.Parameter.",
            )
        unreached = [name for name, p in named.items() if not any(p is leaf for leaf in reached)]
        if unreached:
            raise self.fault(
                f"no gradient reaches {', '.join(unreached)}",
                "Use the parameter in forward, or set its requires_grad to False.",
            )
        if of_inputs:
            weights = torch.arange(1.0, len(output) + 1)
            (gradient,) = torch.autograd.grad(output @ weights, first, allow_unused=True)
            # a last layer that starts at zero lets none through before its first step
            if gradient is None or (self.moved and not gradient.any()):
                raise self.fault(
                    "no gradient reaches the images, so G could not learn",
                    "Remove detach, rounding and thresholds from forward.",
                )

    @torch.no_grad()
    def check_batch_mates(self, network: nn.Module, inputs: Inputs) -> None:
        together = self.call(network.eval(), inputs)
        if not torch.equal(together, self.call(network, inputs)):
            raise self.fault(
                "two forwards of the same input differ in eval mode",
                "Draw noise, and drop out, in train mode only (`if self.training`).",
            )
        each = zip(*(part.split(1) for part in inputs))
        alone = torch.cat([self.call(network, one) for one in each])
        if not _close(alone, together):
            raise self.fault(
                "in eval mode an output depends on the rest of the batch (they differ by "
                f"{float((alone - together).abs().max()):.3g})",
                "Use running statistics (BatchNorm's default) or no statistics of the batch.",
            )

    @torch.no_grad()
    def check_state(self, network: nn.Module, others: list[nn.Module], inputs: Inputs) -> None:
        other, twin = others
        if different := _different(other.state_dict(), twin.state_dict()):
            raise self.fault(
                f"two instances of one seed start from different values of {different}",
                "Draw first weights from the global generator of torch, numpy or random, which are "
                "seeded for it; a generator of your own needs a seed of your own.",
            )
        try:
            other.load_state_dict(network.state_dict())
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise self.fault(
                f"its state_dict does not load into another instance: {reason}",
                "Make parameters and buffers in the constructor, of the same shapes each time.",
            ) from error
        expected = self.call(network.eval(), inputs)
        if not _close(self.call(other.eval(), inputs), expected):
            raise self.fault(
                "another instance with the same state_dict gives another output",
                "Keep tensors that are no parameters with register_buffer.",
            )
        to_channels_last(other)
        if inputs[0].ndim == 4:
            inputs = (inputs[0].contiguous(memory_format=torch.channels_last), *inputs[1:])
        if not _close(self.call(other, inputs, " with channels_last"), expected):
            raise self.fault(
                "the output is another one with channels_last memory",
                "Use nothing that depends on strides, like as_strided.",
            )


@torch.no_grad()
def _move(network: nn.Module) -> None:
    """Move the weights a little, as a step of training would."""
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            noise = torch.randn(parameter.shape, generator=generator(0, "contract", name))
            parameter.add_(_STEP * noise.to(parameter))


def _different(one: dict[str, Any], two: dict[str, Any]) -> str:
    """The first tensor of two states that has another value in each, of those of equal shape."""
    for name, first in one.items():
        second = two.get(name)
        if not isinstance(first, torch.Tensor) or not isinstance(second, torch.Tensor):
            continue
        if first.shape == second.shape:
            same = (first == second) | ((first != first) & (second != second))  # NaN is NaN
            if not same.all():
                return name
    return ""


def _close(actual: torch.Tensor, expected: torch.Tensor) -> bool:
    return bool((actual - expected).abs().max() <= _TOLERANCE * expected.abs().max())


def _latents(count: int, architecture: Architecture, size: float) -> Inputs:
    z = torch.randn(count, architecture.latent_dim, generator=generator(0, "contract", count))
    if not architecture.num_classes:
        return (size * z,)
    classes = functional.one_hot(_labels(count, architecture), architecture.num_classes)
    return (torch.cat([size * z, classes.float()], 1),)


def _images(count: int, architecture: Architecture) -> Inputs:
    shape = (count, architecture.channels, architecture.image_size, architecture.image_size)
    return (torch.rand(shape, generator=generator(0, "contract", count)) * 2 - 1,)


def _labels(count: int, architecture: Architecture) -> torch.Tensor:
    return torch.arange(count) % architecture.num_classes


@contextmanager
def _left_as_it_was(network: nn.Module) -> Iterator[None]:
    """Modes, parameters, buffers and the global random generators are restored, on an error too."""
    modes = [(module, module.training) for module in network.modules()]
    values = [(parameter, parameter.detach().clone()) for parameter in network.parameters()]
    buffers = [
        (module, name, buffer, buffer.clone())
        for module in network.modules()
        for name, buffer in module.named_buffers(recurse=False)
    ]
    with seeded(0, "contract"):
        try:
            yield
        finally:
            for module, training in modes:
                module.training = training
            with torch.no_grad():
                for parameter, value in values:
                    parameter.copy_(value)
                for module, name, buffer, value in buffers:
                    setattr(module, name, buffer.copy_(value))  # forward may have replaced it
