"""95 % intervals hold the surrogate of endless samples in 95 % of cases, whatever the design.

That surrogate is known without sampling: with ten features there are 1,024 masks.
"""

import pytest
import torch

from ganatomy.explain.lime.sampling import surrogates
from ganatomy.explain.lime.settings import DESIGNS, Design, LimeSampling
from ganatomy.explain.lime.surrogate import cosine_weights, fit

D = 10
ITEMS = 150
ALL = torch.tensor([[bool(number >> bit & 1) for bit in range(D)] for number in range(2**D)])


def _target(masks: torch.Tensor) -> torch.Tensor:
    """Main effects, and about as much of interactions of two, three and more features."""
    x = masks.double()
    sign = 2 * x - 1
    inner = x @ torch.linspace(-2, 2, D).double()
    pairs = 0.4 * sign[:, 0] * sign[:, 1] - 0.3 * sign[:, 2] * sign[:, 9]
    triples = (
        0.3 * sign[:, 3] * sign[:, 4] * sign[:, 5] - 0.3 * sign[:, 6] * sign[:, 7] * sign[:, 8]
    )
    return inner.tanh() + pairs + triples


@pytest.mark.parametrize("width", [0.25, None])
@pytest.mark.parametrize("num_samples", [64, 256])
@pytest.mark.parametrize("design", DESIGNS)
def test_coverage(design: Design, num_samples: int, width: float | None) -> None:
    weights = torch.ones(1, 2**D) if width is None else cosine_weights(ALL, width)[None]
    truth = fit(ALL[None], _target(ALL)[None], weights, ridge=1e-9).coefficients[0]
    found = surrogates(
        lambda item, masks, draw: _target(masks),
        D,
        list(range(ITEMS)),
        sampling=LimeSampling(design=design, num_samples=num_samples, kernel_width=width),
    ).fitted
    covered = (found.low <= truth) & (truth <= found.high)
    assert 0.90 < float(covered.double().mean()) < 0.99
    real = (found.coefficients - truth).square().mean()
    said = found.standard_errors.square().mean()
    # rows of a Hadamard matrix keep an interaction of three off its own features, of which ten are
    # many: their errors are smaller than the intervals know
    assert 0.75 < float(said / real) < (1.5 if design == "orthogonal" else 1.33)


@pytest.mark.parametrize("num_samples", [128, 512])
def test_designs_are_as_good_as_their_intervals_say(num_samples: int) -> None:
    """Of a polynomial in signs under equal weights, the main effects are known: twice each term."""
    slopes = torch.linspace(-0.3, 0.3, 49).double()

    def polynomial(masks: torch.Tensor) -> torch.Tensor:
        sign = 2 * masks.double() - 1
        even = (sign[:, :-1] * sign[:, 1:]).sum(1)
        odd = (sign[:, :-2] * sign[:, 1:-1] * sign[:, 2:]).sum(1)
        return sign @ slopes + 0.1 * even + 0.05 * odd

    half, error = {}, {}
    for design in DESIGNS:
        found = surrogates(
            lambda item, masks, draw: polynomial(masks),
            49,
            list(range(30)),
            sampling=LimeSampling(design=design, num_samples=num_samples, kernel_width=None),
        ).fitted
        covered = (found.low <= 2 * slopes) & (2 * slopes <= found.high)
        assert 0.90 < float(covered.double().mean()) < 0.99
        half[design] = float((found.high - found.low).mean()) / 2
        error[design] = float((found.coefficients - 2 * slopes).square().mean().sqrt())
    assert half["orthogonal"] < half["paired"] < half["iid"]
    assert error["orthogonal"] < error["paired"] < error["iid"]
    assert error["orthogonal"] < 0.65 * error["iid"]
