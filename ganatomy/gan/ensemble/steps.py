"""The steps of training for a whole pack, each recorded once as a list of operations."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.func import functional_call, vmap

from ganatomy.gan.ensemble.pack import Pack, Tensors
from ganatomy.gan.ensemble.programs import Flat, split_at_last
from ganatomy.gan.ensemble.stacked import StackedLayers
from ganatomy.gan.losses import loss_named
from ganatomy.gan.penalties import gradient_penalty, r1_penalty, r2_penalty
from ganatomy.gan.settings import Method

Losses = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Batch:
    """The input of one step of D besides fakes, one axis longer than for one network.

    Attributes
    ----------
    real_images : Tensor of shape (N, n, c, s, s), float32 in [-1, 1]
    labels : Tensor of shape (N, n), int64, or None
    mix : Tensor of shape (N, n), or None
        For the gradient penalty: the share of the real image.
    """

    real_images: torch.Tensor
    labels: torch.Tensor | None
    mix: torch.Tensor | None


class Steps:
    """Training steps recorded for the shapes of a pack and its batches; good for every such pack.

    Parameters
    ----------
    pack : Pack
        Left as it is.
    z : Tensor of shape (N, n, latent_dim + num_classes)
    batch : Batch
    method : Method
    backend : str
        See `StackedLayers`.

    Raises
    ------
    NotStackable
        The networks cannot be run for all members at once; says why.
    """

    def __init__(
        self, pack: Pack, z: torch.Tensor, batch: Batch, method: Method, backend: str
    ) -> None:
        self._method = method
        _check(method)
        g_weights, d_weights = (
            (
                {key: value.clone() for key, value in pack.parameters[name].items()},
                {key: value.clone() for key, value in pack.buffers[name].items()},
            )
            for name in ("generator", "discriminator")
        )
        recorder = _Recorder(pack, method, backend)
        try:
            fakes = Flat(recorder.fakes, *g_weights, z, _images_like(batch.real_images))
            images = _images_like(batch.real_images)
            given = (images, batch.real_images, batch.labels)
            signal = Flat(recorder.signal, *d_weights, *given)
            self._plain = Flat(recorder.discriminator, *d_weights, *given)
            self._penalised: Flat | None = None
            if method.r1 or method.r2 or method.gradient_penalty:
                self._penalised = Flat(recorder.penalised, *d_weights, *given, batch.mix)
        except torch.OutOfMemoryError:
            raise  # a smaller pack may do
        except Exception as error:  # vmap, make_fx and the networks each raise what they like
            reason = " ".join(str(error).split())[:200]
            raise NotStackable(f"{type(error).__name__}: {reason}") from error
        self._before, self._after = split_at_last(fakes)
        self._signal = signal
        later = [self._plain, signal, *([self._penalised] if self._penalised else [])]
        # what G's way back needs is held while D is trained
        self.num_bytes: int = fakes.num_bytes + max(program.num_bytes for program in later)

    def fakes(self, pack: Pack, z: torch.Tensor) -> tuple[torch.Tensor, list[Any]]:
        """Generate images of shape (N, n, c, s, s); return also what their way back needs."""
        images, kept = self._before(pack.parameters["generator"], pack.buffers["generator"], z)
        return images[0], kept

    def of_discriminator(
        self, pack: Pack, fake_images: torch.Tensor, batch: Batch, turn: int
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return every D's loss, shape (N,), and its gradients, each of shape (N, ...)."""
        d_weights = (pack.parameters["discriminator"], pack.buffers["discriminator"])
        given = (*d_weights, fake_images, batch.real_images, batch.labels)
        losses: torch.Tensor
        gradients: list[torch.Tensor]
        if self._penalised is not None and turn % self._method.penalty_every == 0:
            losses, gradients = self._penalised(*given, batch.mix)
        else:
            losses, gradients = self._plain(*given)
        return losses, gradients

    def of_generator(
        self, pack: Pack, fake_images: torch.Tensor, kept: list[Any], batch: Batch
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return every G's loss through its D as it is now, and its gradients."""
        d_weights = (pack.parameters["discriminator"], pack.buffers["discriminator"])
        losses: torch.Tensor
        losses, slope = self._signal(*d_weights, fake_images, batch.real_images, batch.labels)
        return losses, self._after(kept, slope)


class NotStackable(ValueError):
    """Networks or a method that have to be trained one by one."""


class _Recorder:
    """The functions that are recorded; all tensors have the members as first axis."""

    def __init__(self, pack: Pack, method: Method, backend: str) -> None:
        self.networks, self.method, self.backend = pack.networks, method, backend
        self.loss = loss_named(method.loss)

    def fakes(
        self, parameters: Tensors, buffers: Tensors, z: torch.Tensor, slope: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        leaves = _leaves(parameters)
        images = self._call("generator", leaves, buffers, z)
        gradients = torch.autograd.grad(images, list(leaves.values()), slope)
        return images.detach(), list(gradients)

    def signal(
        self,
        parameters: Tensors,
        buffers: Tensors,
        fake_images: torch.Tensor,
        real_images: torch.Tensor,
        labels: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        fakes = fake_images.detach().requires_grad_()
        given = () if labels is None else (labels,)
        fake_logits = self._call("discriminator", parameters, buffers, fakes, *given)
        real_logits = fake_logits
        if self.loss.needs_real:
            real_logits = self._call("discriminator", parameters, buffers, real_images, *given)
        losses: torch.Tensor = vmap(self.loss.generator)(fake_logits, real_logits)
        return losses.detach(), torch.autograd.grad(losses.sum(), fakes)[0]

    def discriminator(self, *given: Any) -> tuple[torch.Tensor, list[torch.Tensor]]:
        return self._of_discriminator(False, (*given, None))

    def penalised(self, *given: Any) -> tuple[torch.Tensor, list[torch.Tensor]]:
        return self._of_discriminator(True, given)

    def _of_discriminator(
        self, penalised: bool, given: tuple[Any, ...]
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        parameters, buffers, fake_images, real_images, labels, mix = given
        leaves = _leaves(parameters)

        def logits_of(images: torch.Tensor, *given: torch.Tensor) -> torch.Tensor:
            return self._call("discriminator", leaves, buffers, images, *given)

        known = () if labels is None else (labels,)
        real_logits, fake_logits = logits_of(real_images, *known), logits_of(fake_images, *known)
        losses: torch.Tensor = vmap(self.loss.discriminator)(real_logits, fake_logits)
        total, method = losses, self.method
        if penalised:
            penalty = torch.zeros_like(losses)
            if method.r1:
                penalty = penalty + method.r1 * r1_penalty(logits_of, real_images, labels)
            if method.r2:
                penalty = penalty + method.r2 * r2_penalty(logits_of, fake_images, labels)
            if method.gradient_penalty:
                between = gradient_penalty(logits_of, real_images, fake_images, mix, labels)
                penalty = penalty + method.gradient_penalty * between
            total = losses + method.penalty_every * penalty
        gradients = torch.autograd.grad(total.sum(), list(leaves.values()))
        return losses.detach(), list(gradients)

    def _call(
        self, name: str, parameters: Tensors, buffers: Tensors, *inputs: torch.Tensor
    ) -> torch.Tensor:
        network: nn.Module = self.networks[name]

        def one(parameters: Tensors, buffers: Tensors, *inputs: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = functional_call(network, (parameters, buffers), inputs)
            return result

        with StackedLayers(self.backend):
            outputs: torch.Tensor = vmap(one)(parameters, buffers, *inputs)
        return outputs


def _check(method: Method) -> None:
    """Refuse what cannot be recorded, or would be recorded wrong."""
    if method.augment:
        raise NotStackable("each member draws its own augmentations")
    if method.spectral_norm:
        raise NotStackable("spectral norm writes its vectors in place")
    if method.precision != "float32":
        raise NotStackable(f"packs compute in float32, not {method.precision}")


def _leaves(parameters: Tensors) -> Tensors:
    return {key: value.detach().requires_grad_() for key, value in parameters.items()}


def _images_like(images: torch.Tensor) -> torch.Tensor:
    """Images in the layout in which G's last layer leaves them: channels of all members last."""
    return images.permute(1, 3, 4, 0, 2).contiguous().permute(3, 0, 4, 1, 2)
