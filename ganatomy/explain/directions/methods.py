"""Three ways to find directions of latents that matter, of a generator alone.

- ``sefa``: closed-form factorisation of the first layer (Shen & Zhou 2021, arXiv 2007.06600).
- ``ganspace``: principal components of early activations, brought back to latents (Härkönen et al.
  2020, arXiv 2004.02546).
- ``jacobian``: what moves the image most, over latents (Wang & Ponce 2021, arXiv 2101.06006).
"""

import torch
from torch import nn

from ganatomy.explain.directions.candidates import Candidates, principal, refused, signed
from ganatomy.explain.directions.early_layers import (
    first_layer,
    inputs_of_layer,
    linear_weights,
    outputs_of_layer,
    weighted_layers,
)
from ganatomy.explain.directions.untangling import untangled
from ganatomy.explain.networks.batching import outputs_of

METHODS = ("sefa", "ganspace", "jacobian")
LINEAR_FROM = 0.8
"""Share of a layer's variance that a linear map of the latents tells: else it is not linear."""

_BASES = 2  # latents around which the first layer is measured
_TESTED = 64  # latents by which its linearity is judged
_CHECKED = 4  # latents by which the layer's parameters are
_MOST_VALUES = 100_000_000
_NOTHING = 1e-6  # of the largest variance: what rounding makes
_UNTANGLED = 5  # directions, as many as are shown by default
_STEP = 0.05  # of a standard deviation: small beside what bends, large beside rounding


def sefa(generator: nn.Module, z: torch.Tensor, latent_dim: int) -> Candidates:
    """Factorise the weights of the first layer: eigenvectors of A^T A, A being its linear map.

    A is read from the layer's parameters where these give what the layer returns of some latents (a
    random check of a matrix product, Freivalds 1977). Else it is measured at the layer's output,
    which is right whatever the layer is called, and however it normalises its weights.

    Parameters
    ----------
    generator : nn.Module
    z : Tensor of shape (n, latent_dim + num_classes)
    latent_dim : int
    """
    same_class = _of_one_class(z[:_TESTED], latent_dim)
    first = first_layer(generator, same_class[:_CHECKED])
    if first is None:
        return refused("sefa", latent_dim, _NO_LAYER)
    layer, found = first
    weights = linear_weights(generator.get_submodule(layer), same_class[:_CHECKED], found)
    if weights is not None:
        return principal("sefa", _gram(weights[:latent_dim]))
    if found.shape[1] * latent_dim > _MOST_VALUES:
        return refused("sefa", latent_dim, f"the first layer, {layer}, is too large to factorise")
    linear = torch.stack([_linear_map(generator, layer, each, latent_dim) for each in z[:_BASES]])
    weights = linear.mean(0)  # (latent_dim, values)
    if not _share_told(weights, generator, layer, same_class) >= LINEAR_FROM:
        reason = f"the first layer, {layer}, does not take the latents linearly"
        return refused("sefa", latent_dim, reason)
    return principal("sefa", _gram(weights))


def _gram(weights: torch.Tensor) -> torch.Tensor:
    values = weights.numpy()
    return torch.from_numpy(values @ values.T)  # of a matrix by itself numpy computes one half


def _share_told(weights: torch.Tensor, generator: nn.Module, layer: str, z: torch.Tensor) -> float:
    """Share of the variance of a layer's output that a linear map of the latents tells."""
    found = outputs_of_layer(generator, layer, z)
    own = z[:, : len(weights)]
    centred = found - found.mean(0)
    left = centred - (own - own.mean(0)) @ weights
    return 1 - float(left.square().sum() / centred.square().sum())


_NO_LAYER = "no layer of the generator can be read on its own, as of a program"


def _of_one_class(z: torch.Tensor, latent_dim: int) -> torch.Tensor:
    return torch.cat([z[:, :latent_dim], z[:1, latent_dim:].expand(len(z), -1)], 1)


def _linear_map(
    generator: nn.Module, layer: str, base: torch.Tensor, latent_dim: int
) -> torch.Tensor:
    """Half of what the layer's output gains from -1 to 1 of each entry: (latent_dim, values)."""
    rows = base.repeat(latent_dim, 1)
    entries = torch.arange(latent_dim)
    above, below = rows.clone(), rows.clone()
    above[entries, entries], below[entries, entries] = 1.0, -1.0
    high, low = (outputs_of_layer(generator, layer, each) for each in (above, below))
    return (high - low) / 2


def ganspace(generator: nn.Module, z: torch.Tensor, latent_dim: int) -> Candidates:
    """Find the principal components of early activations, and which latents move along them.

    Activations are what the next layer behind the first one is given, so a non-linearity lies
    between. The published regression of latents on components and that of components on
    latents give the same directions of standard normal latents; the latter has less noise, and is
    used from twice as many latents as dimensions on.

    Parameters
    ----------
    generator : nn.Module
    z : Tensor of shape (n, latent_dim + num_classes)
    latent_dim : int
    """
    same_class = _of_one_class(z, latent_dim)
    layers = weighted_layers(generator, same_class)
    if not layers:
        return refused("ganspace", latent_dim, _NO_LAYER)
    for layer in layers[1:]:
        first = inputs_of_layer(generator, layer, same_class[:2])
        if first.shape[1] > latent_dim and not torch.equal(first[0], first[1]):
            break
    else:
        return refused("ganspace", latent_dim, "no layer is given more values than a latent has")
    # of one class: else the first components are the classes', which no latent moves along
    centred = inputs_of_layer(generator, layer, same_class)
    centred -= centred.mean(0)
    values, vectors = _largest((centred @ centred.T).double(), latent_dim)
    count = int((values > _NOTHING * values[-1]).sum())
    components = (vectors * values.clamp(min=0).sqrt()).flip(1)[:, :count]
    own = z[:, :latent_dim].double().cpu()
    own = own - own.mean(0)
    if len(z) >= 2 * latent_dim:
        back = torch.linalg.lstsq(own, components).solution.T
    else:
        back = (components / components.square().sum(0)).T @ own
    return Candidates("ganspace", signed(back))


def _largest(gram: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Find the largest eigenvalues, rising, and their vectors: all take three times as long."""
    from scipy.linalg import eigh

    most = len(gram) - 1
    found = eigh(gram.numpy(), subset_by_index=(max(0, most + 1 - count), most), driver="evr")
    return torch.from_numpy(found[0]), torch.from_numpy(found[1])


def jacobian(
    generator: nn.Module,
    z: torch.Tensor,
    latent_dim: int,
    *,
    num_images: int,
    num_untangled: int = _UNTANGLED,
) -> Candidates:
    """Find what moves the image most: eigenvectors of J^T J, averaged over latents.

    J, the change of each value of the image for each entry of the latent, is measured by small
    steps, so that any generator will do, a program as well.

    Parameters
    ----------
    generator : nn.Module
    z : Tensor of shape (n, latent_dim + num_classes)
    latent_dim : int
    num_images : int
        The most images that are drawn; each latent takes `latent_dim` and one.
    num_untangled : int
        Of the strongest, those that are told apart as of `untangled`.
    """
    count = min(len(z), num_images // (latent_dim + 1))
    if count < 2:
        reason = f"two latents take {2 * (latent_dim + 1):,} images, more than {num_images:,}"
        return refused("jacobian", latent_dim, reason)
    depends_on_place = draws_by_place(generator, z)
    grams = torch.zeros(count, latent_dim, latent_dim, dtype=torch.float64)
    mean = torch.zeros_like(grams[0])
    for own, base in zip(grams, z[:count].cpu()):
        flat = jacobian_at(generator, base, latent_dim, depends_on_place=depends_on_place)
        own += (flat @ flat.T).double()
        mean += own / count
    found = principal("jacobian", mean).directions
    strongest = untangled(found[:num_untangled], grams)
    return Candidates("jacobian", torch.cat([signed(strongest), found[num_untangled:]]))


def jacobian_at(
    generator: nn.Module, base: torch.Tensor, latent_dim: int, *, depends_on_place: bool = False
) -> torch.Tensor:
    """Measure by small steps how the image changes for each entry of one latent.

    Parameters
    ----------
    generator : nn.Module
    base : Tensor of shape (latent_dim + num_classes,), on the CPU
    latent_dim : int
    depends_on_place : bool
        As of `draws_by_place`: then each image is compared with that at its own place.

    Returns
    -------
    Tensor of shape (latent_dim, values)

    Examples
    --------
    >>> jacobian_at(nn.Identity(), torch.zeros(2), 2).round(decimals=3)
    tensor([[1., 0.],
            [0., 1.]])
    """
    steps = torch.zeros(latent_dim, len(base))
    steps[:, :latent_dim] = _STEP * torch.eye(latent_dim)
    still = base.expand(latent_dim if depends_on_place else 1, -1)
    change = outputs_of(generator, base + steps) - outputs_of(generator, still)
    return change.flatten(1) / _STEP


def draws_by_place(generator: nn.Module, z: torch.Tensor) -> bool:
    """Say whether one latent gives other images at other places of a batch: it draws noise."""
    same = outputs_of(generator, z[:1].expand(3, -1))
    return not torch.allclose(same[1:], same[:1].expand_as(same[1:]), atol=1e-4)
