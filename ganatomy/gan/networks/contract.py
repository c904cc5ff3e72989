"""What training and explanations need of a network, tried on a user's own before anything runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

import torch
from torch import nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.networks.construct import construct_discriminator, construct_generator
from ganatomy.gan.networks.graph import leaves, squashing
from ganatomy.initialise import initialise
from ganatomy.rng import generator

_FAR = 1e6  # how long the longest latents are, in standard deviations
_TOLERANCE = 1e-4  # relative to the largest output: float32 sums in another order differ by 1e-6

Inputs = tuple[torch.Tensor, ...]


def check_generator(network: nn.Module, architecture: Architecture, name: str) -> None:
    """Try a generator on tiny batches, with the weights that `ganatomy.initialise` would give it.

    Images must be float32 of shape (n, c, s, s) in [-1, 1], also for unusually long latents; in
    eval mode each depends on its own latent alone. Gradients must reach every trainable parameter,
    the state dict must hold all that matters, and channels_last must work. The network and the
    global random generator are left as they were.

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
    contract = _Contract(name, "gan.generator")
    contract.check_parameters(network)
    with _left_as_it_was(network):
        initialise(network, 0, "contract")
        batches = [_latents(count, architecture, size) for count in (3, 2) for size in (1, 10)]
        far = _latents(3, architecture, _FAR)  # initial weights are small: unbounded images show
        for mode, inputs in [*product((True, False), batches), (False, far)]:
            images = contract.check_output(network.train(mode), inputs, shape)
            low, high = (float(bound) for bound in images.detach().aminmax())
            if low < -1 or high > 1:
                raise contract.fault(
                    f"images between {low:.3g} and {high:.3g}, expected [-1, 1]",
                    "End with torch.tanh.",
                )
        contract.check_gradients(network, batches[0], of_inputs=False)
        contract.check_batch_mates(network, batches[0])
        other = construct_generator(replace(architecture, generator=name), seed=1)
        contract.check_state(network, other, batches[0])


def check_discriminator(network: nn.Module, architecture: Architecture, name: str) -> None:
    """Try a discriminator on tiny batches; see `check_generator`.

    There must be one logit for each image, of shape (n,) and not squashed by a sigmoid, with
    labels and without if there are classes; gradients must reach the images too.
    """
    contract = _Contract(name, "gan.discriminator")
    contract.check_parameters(network)
    with _left_as_it_was(network):
        initialise(network, 0, "contract")
        batches = [_images(count, architecture) for count in (3, 2)]
        if architecture.num_classes:
            batches += [(*inputs, _labels(len(inputs[0]), architecture)) for inputs in batches]
        for mode in (True, False):
            for inputs in batches:
                logits = contract.check_output(network.train(mode), inputs, ())
                if found := squashing(logits):
                    raise contract.fault(
                        f"logits end in a {found}, expected any real number",
                        f"Leave out the {found}: the losses take what is before it.",
                    )
        largest = batches[-2]
        contract.check_gradients(network, largest, of_inputs=True)
        contract.check_batch_mates(network, largest)
        other = construct_discriminator(replace(architecture, discriminator=name), seed=1)
        contract.check_state(network, other, largest)


class _Contract:
    """The checks that both kinds of network share; `name` and `where` are for the messages."""

    def __init__(self, name: str, where: str) -> None:
        self.name, self.where = name, where

    def fault(self, what: str, remedy: str) -> InputError:
        return InputError(f"{self.name}: {what}", self.where, remedy)

    def check_parameters(self, network: nn.Module) -> None:
        if not any(parameter.requires_grad for parameter in network.parameters()):
            raise self.fault(
                "no trainable parameters",
                "Keep layers in attributes, nn.Sequential or nn.ModuleList, not in a plain list.",
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
                "Mend forward; `view` on an image or feature map should be `reshape` or `flatten`."
                if "view" in str(error)
                else "Mend forward: it must take input of this shape.",
            ) from error
        return output

    def check_output(
        self, network: nn.Module, inputs: Inputs, shape: tuple[int, ...]
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
                "return logits.squeeze(1)"
                if output.shape == (*expected, 1)
                else "Build the layers for the image_size and channels that the constructor gets.",
            )
        if output.dtype != torch.float32:
            raise self.fault(f"output is {output.dtype}, expected torch.float32", "Cast it.")
        if not output.isfinite().all():
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
                "Keep layers in attributes, nn.Sequential or nn.ModuleList, not in a plain list.",
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
            if gradient is None or not gradient.any():
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
                "Draw noise in train mode only (`if self.training`).",
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
    def check_state(self, network: nn.Module, other: nn.Module, inputs: Inputs) -> None:
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
        other.to(memory_format=torch.channels_last)
        if inputs[0].ndim == 4:
            inputs = (inputs[0].contiguous(memory_format=torch.channels_last), *inputs[1:])
        if not _close(self.call(other, inputs, " with channels_last"), expected):
            raise self.fault(
                "the output is another one with channels_last memory",
                "Use nothing that depends on strides, like as_strided.",
            )


def _close(found: torch.Tensor, expected: torch.Tensor) -> bool:
    return bool((found - expected).abs().max() <= _TOLERANCE * expected.abs().max())


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
    """Modes, parameters, buffers and the global random generator are restored, on an error too."""
    modes = [(module, module.training) for module in network.modules()]
    values = [(parameter, parameter.detach().clone()) for parameter in network.parameters()]
    buffers = [
        (module, name, buffer, buffer.clone())
        for module in network.modules()
        for name, buffer in module.named_buffers(recurse=False)
    ]
    with torch.random.fork_rng(devices=[]):
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
