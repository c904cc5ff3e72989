"""Components of variance of balanced designs: how much of a spread is due to what.

Random-effects analysis of variance. Each mean square expects a sum of the components, so each
component is a difference of mean squares (Searle, Casella & McCulloch 1992, chapter 4).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr  # scipy.stats takes a second to import

from ganatomy.rng import derive_seed
from ganatomy.statistics import LEVEL, Array

INITIALISATION = "initialisation"
ORDER = "order"
INTERPLAY = "interplay"
SAMPLING = "sampling"
SHARED = "shared draw"
SEED = "seed"

_DRAWS = 20_000


@dataclass(frozen=True)
class Components:
    """Mean squares of one design, and the components of variance as sums of them.

    Attributes
    ----------
    squares : array of shape (m,)
        Mean squares.
    freedom : array of shape (m,)
        Their degrees of freedom.
    names : tuple of p str
    weights : array of shape (p, m)
        ``weights @ squares`` are the unbiased estimates of the components.
    between_two : array of shape (m,)
        ``between_two @ squares`` estimates the variance of one training, all else shared: half of
        that of the difference of two. No weight is negative.
    """

    squares: Array
    freedom: Array
    names: tuple[str, ...]
    weights: Array
    between_two: Array

    def estimates(self) -> Array:
        """Estimate each component, shape (p,); what comes out negative is 0."""
        return np.maximum(self.weights @ self.squares, 0)

    def one_training(self) -> float:
        """Estimate the variance of one training, measured on what all others are measured on."""
        return float(self.between_two @ self.squares)

    def intervals(self, seed: int = 0, level: float = LEVEL) -> tuple[Array, Array]:
        """Give the lower and the upper end of each component's generalised interval, shape (p,).

        Exact for a component that is one mean square, close to it for others, for normal noise.
        """
        components = np.maximum(self._expected(seed) @ self.weights.T, 0)
        tail = (1 - level) / 2
        low, high = np.quantile(components, [tail, 1 - tail], axis=0)
        return low, high

    def band(self, seed: int = 0, level: float = LEVEL) -> float:
        """Give what the difference of two more trainings on the same data stays below.

        In at least a share `level` of pairs, both with seeds of their own, measured on the same
        images and latents: Student's t where one mean square is all, wider where several are. NaN
        without any spread.
        """
        if not self.one_training() > 0:
            return float("nan")
        draw = np.random.default_rng(derive_seed(seed, "variance components", "band"))
        spread = np.sqrt(2 * self._expected(seed) @ self.between_two)
        return float(np.quantile(np.abs(draw.standard_normal(_DRAWS)) * spread, level))

    def chance_of(self, difference: float, sampling: float = 0.0, seed: int = 0) -> float:
        """Return the chance that two trainings of one kind differ at least so much.

        Parameters
        ----------
        difference : float
        sampling : float
            Variance of the difference that comes from what it is measured on, besides.
        seed : int
            Of the draws of what the components may be.
        """
        variance = 2 * self._expected(seed) @ self.between_two + sampling
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(2 * ndtr(-np.abs(difference) / np.sqrt(variance)).mean())

    def _expected(self, seed: int) -> Array:
        """Draws of what the mean squares may expect, shape (`_DRAWS`, m).

        A sum of squares divided by its expectation is chi-square; put the other way round, each
        expectation is its sum of squares divided by a draw of chi-square (Weerahandi 1993; Hannig,
        Iyer & Patterson 2006).
        """
        draw = np.random.default_rng(derive_seed(seed, "variance components"))
        chi_square = draw.chisquare(self.freedom, (_DRAWS, len(self.squares)))
        expected: Array = self.squares * self.freedom / chi_square
        return expected


def crossed(values: Array) -> Components:
    """Split a spread into initialisation, order, their interplay and sampling.

    The model is that of three crossed random factors: ``y[i, j, k]`` is a mean, plus what each of
    i, j and k adds, plus what each pair of them adds, plus a rest.

    Parameters
    ----------
    values : array of shape (i, j, k)
        Of i initialisations, each with each of j orders, measured on each of k draws of images and
        latents; all at least 2.

    Returns
    -------
    Components
        ``sampling`` is what a draw moves one training beside others: its pairs with the other
        factors, and the rest. ``shared draw`` is what it moves all of them alike, and drops out
        when two trainings are measured on one draw.

    Examples
    --------
    >>> values = np.zeros((2, 3, 2)) + np.array([[0.0], [1.0]])[:, :, None]
    >>> found = crossed(values)  # the initialisation alone matters
    >>> dict(zip(found.names, found.estimates().round(3).tolist()))["initialisation"]
    0.5
    """
    i, j, k = values.shape
    if min(i, j, k) < 2:
        raise ValueError(f"a crossed design has at least 2 of each, not {i} x {j} x {k}")
    mean = values.mean()
    a, b, c = (values.mean(axes) - mean for axes in ((1, 2), (0, 2), (0, 1)))
    ab = values.mean(2) - mean - a[:, None] - b
    ac = values.mean(1) - mean - a[:, None] - c
    bc = values.mean(0) - mean - b[:, None] - c
    rest = values - mean - a[:, None, None] - b[:, None] - c
    rest = rest - ab[:, :, None] - ac[:, None] - bc
    repeated = (j * k, i * k, i * j, k, j, i, 1)
    freedom = [i - 1, j - 1, k - 1]
    freedom += [freedom[0] * freedom[1], freedom[0] * freedom[2], freedom[1] * freedom[2]]
    freedom.append(freedom[0] * freedom[1] * freedom[2])
    sums = [float((term**2).sum()) for term in (a, b, c, ab, ac, bc, rest)]
    squares = np.array([n * one / df for n, one, df in zip(repeated, sums, freedom)])
    weights = np.array(
        [  # of the mean squares   a  b  c ab ac bc rest
            np.array([1, 0, 0, -1, -1, 0, 1]) / (j * k),
            np.array([0, 1, 0, -1, 0, -1, 1]) / (i * k),
            np.array([0, 0, 0, 1, 0, 0, -1]) / k,
            np.array([0, 0, 0, 0, 1 / j, 1 / i, 1 - 1 / j - 1 / i]),
            np.array([0, 0, 1, 0, -1, -1, 1]) / (i * j),
        ]
    )
    names = (INITIALISATION, ORDER, INTERPLAY, SAMPLING, SHARED)
    own = weights[:4].sum(0).clip(min=0)  # by algebra none is below 0
    return Components(squares, np.array(freedom, dtype=float), names, weights, own)


def nested(values: Array) -> Components:
    """Split the spread of nulls into what the seed decides and what the order of the data does.

    Parameters
    ----------
    values : array of shape (s, k)
        Of s seeds, with k orders each; both at least 2. Seeds may differ in noise: the degrees of
        freedom of the pooled noise are Satterthwaite's.
    """
    seeds, orders = values.shape
    if min(seeds, orders) < 2:
        raise ValueError(f"at least 2 seeds with 2 orders each, not {seeds} x {orders}")
    centre = values.mean(1)
    own = ((values - centre[:, None]) ** 2).sum(1)
    within = float(own.mean()) / (orders - 1)
    between = orders * float(centre.var(ddof=1))
    fourth = float((own**2).sum()) / (orders - 1)
    freedom = float(own.sum()) ** 2 / fourth if fourth > 0 else float(seeds * (orders - 1))
    return Components(
        np.array([between, within]),
        np.array([seeds - 1.0, freedom]),
        (SEED, ORDER),
        np.array([[1 / orders, -1 / orders], [0.0, 1.0]]),
        np.array([1 / orders, 1 - 1 / orders]),
    )
