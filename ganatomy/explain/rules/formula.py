"""A network's logit as a short sum of concepts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ganatomy.explain.rules.rule import MINUS
from ganatomy.explain.rules.stepwise import stepwise
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.explain.rules.terms import Term, candidate_terms, short
from ganatomy.rng import derive_seed, generator
from ganatomy.statistics import Array

MAX_TERMS = 5
MIN_IMAGES = 60
SHARES = (0.5, 0.25)  # for the terms and for their number; the rest is held out
NUM_RESAMPLES = 1000
NEGLIGIBLE = 0.002  # of the logit's variance: terms that explain no more are left out
COLUMNS = ("concept", "text", "kind", "knot", "coefficient", "moves", "sign")


@dataclass(frozen=True, eq=False)
class Formula:
    """A sum of terms that is near the logit, or why there is none.

    Attributes
    ----------
    terms : DataFrame
        The constant first, then the terms by what they move: ``concept`` ("" of the constant),
        ``text``; ``kind``: ``constant``, ``linear``, ``above`` (of max(0, concept - knot)) or
        ``below`` (of max(0, knot - concept)); ``knot``, ``coefficient``; ``moves``, the standard
        deviation of what it adds over held-out images; ``sign``, 1 where the logit rises with the
        concept, -1 where it falls, 0 of the constant. Empty where there is no formula.
    figures : dict of str to float
        On held-out images: ``r2``, the share of the logit's variance that is explained, ``low``
        and ``high``, its 95 % interval over resampled images, and ``num_images``.
    reason : str
        Why there is no formula; "" where there is one.
    """

    terms: pd.DataFrame
    figures: dict[str, float]
    reason: str

    def __str__(self) -> str:
        if self.terms.empty:
            return "no formula"
        first, *others = self.terms["text"]
        signed = [f"{each[0]} {each[1:]}" for each in others]
        return " ".join(["logit ≈", first.removeprefix("+"), *signed])


def formula_of(
    table: ConceptTable, logits: torch.Tensor, *, max_terms: int = MAX_TERMS, seed: int = 0
) -> Formula:
    """Write a logit as a constant and few terms, each of one concept.

    A term is linear or a hinge (Friedman 1991). On half of the images terms are taken step by step
    (see `stepwise`); on a quarter their number is chosen, the fewest whose error is within one
    standard error of the least, or next to it. The formula is judged as it is written, with rounded
    figures, on the last quarter.

    Parameters
    ----------
    table : ConceptTable
    logits : Tensor of shape (n,)
    max_terms : int
        Without the constant.
    seed : int

    Returns
    -------
    Formula
        None is given for too few images, a constant logit, and where the interval of what it
        explains reaches 0.
    """
    values = logits.double().numpy()
    if reason := _unfit(values):
        return _none(reason, {})
    train, choice, held_out = _parts(len(values), seed)
    near = candidate_terms(table.take(torch.from_numpy(train)))
    columns = [term.of(table) for term in near]
    paths = stepwise([column[train] for column in columns], values[train], max_terms=max_terms)
    weights = _fewest(paths, columns, values, train, choice)
    constant, rounded = _rounded(weights, columns, values, train)
    found = constant + sum((w * columns[place] for place, w in rounded.items()), 0 * values)
    figures = _r2(values[held_out], found[held_out], seed)
    if figures["low"] <= 0 or not rounded:
        return _none("no concept explains the logit, as a sum", figures)
    adds = {place: float((w * columns[place])[held_out].std()) for place, w in rounded.items()}
    rows = [_row(near[place], rounded[place], adds[place]) for place in _falling(adds)]
    constant_row = ("", _signed(constant), "constant", float("nan"), constant, 0.0, 0)
    return Formula(pd.DataFrame([constant_row, *rows], columns=list(COLUMNS)), figures, "")


def _unfit(values: Array) -> str:
    if len(values) < MIN_IMAGES:
        return f"too few images: {len(values):,}; a formula needs {MIN_IMAGES}"
    return "" if np.ptp(values) > 0 else "the logit is the same of all images"


def _none(reason: str, figures: dict[str, float]) -> Formula:
    return Formula(pd.DataFrame(columns=list(COLUMNS)), figures, reason)


def _parts(count: int, seed: int) -> list[Array]:
    order = torch.randperm(count, generator=generator(seed, "rules", "formula")).numpy()
    return np.split(order, [round(SHARES[0] * count), round(sum(SHARES) * count)])


def _fewest(
    paths: list[tuple[int, ...]],
    columns: list[Array],
    values: Array,
    train: Array,
    choice: Array,
) -> dict[int, float]:
    """Weights of the fewest terms whose error is within one standard error of the least."""
    fits = [_fit(path, columns, values, train) for path in paths]
    errors = np.stack(
        [
            (values - constant - sum((w * columns[place] for place, w in weights.items()), 0.0))[
                choice
            ]
            ** 2
            for constant, weights in fits
        ]
    )
    best = int(errors.mean(1).argmin())
    spread = (errors - errors[best]).std(1, ddof=1) / np.sqrt(len(choice))
    allowed = np.maximum(spread, NEGLIGIBLE * values[choice].var())
    near = errors.mean(1) - errors[best].mean() <= allowed
    return fits[int(near.argmax())][1]


def _fit(
    path: tuple[int, ...], columns: list[Array], values: Array, places: Array
) -> tuple[float, dict[int, float]]:
    """Least squares: the constant, and the weight of each column."""
    design = np.stack([np.ones(len(values)), *(columns[place] for place in path)], 1)[places]
    solved = np.linalg.lstsq(design, values[places], rcond=None)[0]
    return float(solved[0]), dict(zip(path, map(float, solved[1:])))


def _rounded(
    weights: dict[int, float], columns: list[Array], values: Array, places: Array
) -> tuple[float, dict[int, float]]:
    """Round weights for reading, and let the constant take up what that moves."""
    rounded = {place: float(short(weight)) for place, weight in weights.items()}
    rest = values - sum((w * columns[place] for place, w in rounded.items()), 0.0)
    digits = 2 - int(np.floor(np.log10(values.std())))
    return round(float(rest[places].mean()), digits), rounded


def _r2(values: Array, found: Array, seed: int) -> dict[str, float]:
    """Share of variance explained, and its interval over resampled images."""
    draws = np.random.default_rng(derive_seed(seed, "rules", "formula", "resample"))
    places = draws.integers(len(values), size=(NUM_RESAMPLES, len(values)))
    errors = ((values - found) ** 2)[places].mean(1)
    resampled = 1 - errors / np.maximum(values[places].var(1), 1e-300)
    low, high = np.quantile(resampled, [0.025, 0.975])
    r2 = 1 - ((values - found) ** 2).mean() / max(values.var(), 1e-300)
    return {"r2": float(r2), "low": float(low), "high": float(high), "num_images": len(values)}


def _falling(adds: dict[int, float]) -> list[int]:
    return sorted(adds, key=lambda place: (-adds[place], place))


def _row(term: Term, weight: float, adds: float) -> tuple[object, ...]:
    sign = int(np.sign(weight)) * (-1 if term.kind == "below" else 1)
    text = f"{_signed(weight)} · {term}"
    return term.concept, text, term.kind, term.knot, weight, adds, sign


def _signed(weight: float) -> str:
    return f"{MINUS if weight < 0 else '+'}{short(abs(weight))}"
