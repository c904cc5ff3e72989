"""Each method against what was planted, and against its published formula."""

import pytest
import torch
from torch import nn

from benchmarks.directions import DIM as PUBLISHED_DIM
from benchmarks.directions import dcgan, plain_ganspace, plain_sefa
from ganatomy.explain.directions.candidates import random_directions
from ganatomy.explain.directions.early_layers import weighted_layers
from ganatomy.explain.directions.found_again import matched, shared
from ganatomy.explain.directions.methods import ganspace, jacobian, sefa
from ganatomy.explain.directions.settings import DirectionsSettings
from ganatomy.explain.directions.study import find_directions
from tests.unit.explain.directions.planted import DIM, Blob, Disc, Linear, factors

_QUICK = DirectionsSettings(num_random=4, num_held_out=32, num_images=2600, num_draws=0)


def latents(count: int = 400, dim: int = DIM, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def cosines(found: torch.Tensor, planted: torch.Tensor) -> torch.Tensor:
    return (found[: len(planted)].double() * planted.double()).sum(1).abs()


class Deep(nn.Module):
    """A linear layer, a non-linearity and a convolution."""

    def __init__(self, first: nn.Module) -> None:
        super().__init__()
        self.first = first
        self.last = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        hidden = self.first(
            z[:, :, None, None] if isinstance(self.first, nn.ConvTranspose2d) else z
        )
        return self.last(torch.relu_(hidden.reshape(len(z), 4, 4, 4)))


def test_factors_of_a_linear_generator_are_found_by_those_that_need_one_layer() -> None:
    generator, z = Linear(), latents()
    for found in (sefa(generator, z, DIM), jacobian(generator, z, DIM, num_images=200)):
        assert not found.reason
        assert cosines(found.directions, factors(3)).min() > 0.999
    assert "no layer is given more values" in ganspace(generator, z, DIM).reason


def test_components_behind_a_linear_layer_are_its_factors() -> None:
    generator = nn.Sequential(Linear(shape=(4, 4, 4)), nn.Conv2d(4, 1, 3, padding=1))
    found = ganspace(generator, latents(), DIM)
    assert len(found.directions) == 3  # what is left over is nothing
    assert cosines(found.directions, factors(3)).min() > 0.97


@pytest.mark.parametrize("layered", [True, False])
def test_factors_that_are_not_linear_are_found_in_the_image(layered: bool) -> None:
    generator, z = Blob(layered), latents()
    found = jacobian(generator, z, DIM, num_images=1500)
    assert cosines(found.directions, factors(3)).min() > 0.95
    by_layer = sefa(generator, z, DIM)
    if layered:
        assert cosines(by_layer.directions, factors(3)).min() > 0.999
    else:
        assert "no layer" in by_layer.reason


@pytest.mark.parametrize(
    "first",
    [nn.Linear(6, 64), nn.ConvTranspose2d(6, 4, 4), nn.utils.spectral_norm(nn.Linear(6, 64))],
)
def test_sefa_is_the_published_formula(first: nn.Module) -> None:
    """Eigenvectors of A^T A of the weights themselves, by numpy's way: singular vectors."""
    generator = Deep(first).eval()
    found = sefa(generator, latents(dim=6), 6)
    weights = first.weight.detach().double()
    flat = weights.flatten(1).T if isinstance(first, nn.ConvTranspose2d) else weights
    published = torch.linalg.svd(flat).Vh
    assert torch.allclose(cosines(found.directions, published), torch.ones(6).double(), atol=1e-4)


def test_sefa_reads_what_a_layer_does_not_what_it_has() -> None:
    """Rows of the weights are made equally long in each pass, as by a norm of the user's own."""

    class Normed(nn.Linear):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return nn.functional.linear(z, self._used(), self.bias)

        def _used(self) -> torch.Tensor:
            return self.weight / self.weight.norm(dim=1, keepdim=True)

    torch.manual_seed(2)
    first = Normed(6, 64)
    first.weight.data *= torch.linspace(0.1, 5, 64)[:, None]
    found = sefa(Deep(first).eval(), latents(dim=6), 6)
    used = torch.linalg.svd(first._used().detach().double()).Vh
    had = torch.linalg.svd(first.weight.detach().double()).Vh
    assert cosines(found.directions, used).min() > 0.9999
    assert cosines(found.directions, had).min() < 0.9


def test_ganspace_is_the_published_regression() -> None:
    """PCA by a singular value decomposition, then latents regressed on the components."""
    torch.manual_seed(1)
    generator, z = Deep(nn.Linear(6, 64)).eval(), latents(6000, 6)
    found = ganspace(generator, z[:1000], 6)
    hidden = torch.relu(generator.first(z)).double().detach()
    _, _, basis = torch.linalg.svd(hidden - hidden.mean(0), full_matrices=False)
    components = (hidden - hidden.mean(0)) @ basis[:6].T
    own = z.double() - z.double().mean(0)
    published = torch.linalg.lstsq(components, own).solution
    published = published / published.norm(dim=1, keepdim=True)
    assert cosines(found.directions, published)[:2].min() > 0.9


def test_the_jacobian_is_that_of_autograd() -> None:
    generator, z = Blob(), latents(2)
    found = jacobian(generator, z, DIM, num_images=2 * (DIM + 1))
    flat = [
        torch.autograd.functional.jacobian(lambda one: generator(one[None]).flatten(), each)
        for each in z
    ]
    gram = sum(each.T.double() @ each.double() for each in flat)
    _, vectors = torch.linalg.eigh(gram)
    assert cosines(found.directions, vectors.T.flip(0)[:3]).min() > 0.999


def test_a_generator_that_draws_noise_is_compared_with_itself_at_the_same_place() -> None:
    class Noisy(Blob):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            noise = torch.randn(len(z), 1, 16, 16, generator=torch.Generator().manual_seed(3))
            return super().forward(z) + noise

    found = jacobian(Noisy(), latents(), DIM, num_images=1500)
    assert cosines(found.directions, factors(3)).min() > 0.95


def test_what_cannot_be_used_says_why() -> None:
    z = latents()
    assert (
        "two latents take 26 images, more than 20"
        in jacobian(Linear(), z, DIM, num_images=20).reason
    )
    program = torch.jit.trace(Linear().eval(), z[:2])
    assert "no layer" in sefa(program, z, DIM).reason
    assert cosines(jacobian(program, z, DIM, num_images=99).directions, factors(3)).min() > 0.999

    class Bent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = Linear()

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return self.last(z.square())

    assert "does not take the latents linearly" in sefa(Bent(), z, DIM).reason


def test_layers_that_latents_do_not_go_through_are_none_of_the_first() -> None:
    class Styled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.constant, self.style = nn.Conv2d(1, 4, 1), nn.Linear(DIM, 4)

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            ground = self.constant(torch.ones(len(z), 1, 4, 4))
            return (ground * self.style(z)[:, :, None, None]).sum(1, keepdim=True)

    assert weighted_layers(Styled(), latents()) == ["style"]


def test_random_directions_are_as_many_as_asked_for_and_of_length_1() -> None:
    found = random_directions(20, DIM, 0)
    assert torch.allclose(found.norm(dim=1), torch.ones(20).double())
    assert torch.allclose(found[:DIM] @ found[:DIM].T, torch.eye(DIM).double(), atol=1e-9)
    assert torch.equal(found, random_directions(20, DIM, 0))
    assert not torch.equal(found, random_directions(20, DIM, 1))


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_four_factors_of_a_disc_are_found_by_sefa_and_in_the_image(seed: int) -> None:
    """A rotation of its own for each seed; GANSpace has no layer to read: a disc is no layer."""
    generator, z, planted = Disc(seed), latents(seed=seed), factors(4, seed)
    by_layer, by_image = sefa(generator, z, DIM), jacobian(generator, z, DIM, num_images=2600)
    for found in (by_layer, by_image):
        assert matched(planted.double(), found.directions[:4]).min() > 0.95
    assert "no layer" in ganspace(generator, z, DIM).reason
    assert matched(planted.double(), by_layer.directions[:4]).min() > 0.999
    study = find_directions(generator, z, settings=_QUICK)
    assert study.num_that_stand_out == 4
    assert matched(planted.double(), study.directions[:4]).min() > 0.95


def test_eigenvectors_mix_factors_that_overlap_and_are_equally_strong() -> None:
    """A wider disc and a brighter one have pixels in common; the layer has them apart."""
    generator, z, planted = Disc(0, (1.0, 0.75, 0.55, 0.35)), latents(), factors(4, 0).double()
    mixed, apart = (
        jacobian(generator, z, DIM, num_images=2600, num_untangled=count).directions[:4]
        for count in (0, 5)
    )
    assert matched(planted, mixed)[2:].max() < 0.95
    assert shared(planted, mixed) > 0.99
    assert matched(planted, apart).min() > 0.95
    assert matched(planted, sefa(generator, z, DIM).directions[:4]).min() > 0.999


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nonlinear_factors_behind_a_layer_are_components_of_its_activations(seed: int) -> None:
    """Each factor bent by a tanh, and spread over a map by a convolution: GANSpace reads it."""
    own = factors(3, seed)
    first = nn.Linear(DIM, 64, bias=False)
    images = torch.linalg.qr(torch.randn(64, 3, generator=torch.Generator().manual_seed(9))).Q
    first.weight.data = (images * torch.tensor([3.0, 2.2, 1.5])) @ own
    generator = nn.Sequential(
        first, nn.Tanh(), nn.Unflatten(1, (4, 4, 4)), nn.Conv2d(4, 1, 3, padding=1)
    )
    found = ganspace(generator, latents(1200, seed=seed), DIM)
    assert matched(own.double(), found.directions[:3]).min() > 0.95


def test_both_are_what_plain_scripts_of_the_published_recipes_find() -> None:
    """``numpy.linalg.eig`` of weights, and scikit-learn's IncrementalPCA with a regression."""
    generator, z = dcgan(), latents(1024, PUBLISHED_DIM)
    by_weights = plain_sefa(generator)[:5]
    assert matched(by_weights, sefa(generator, z, PUBLISHED_DIM).directions[:5]).min() > 0.999
    by_components = plain_ganspace(generator, z)[:5]
    assert matched(by_components, ganspace(generator, z, PUBLISHED_DIM).directions[:5]).min() > 0.95
