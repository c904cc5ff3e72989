"""Many explanations in few pictures: means of a class, and the examples that cover the most.

Submodular pick is that of LIME (Ribeiro et al. 2016, arXiv 1602.04938, algorithm 2).
"""

import torch

from ganatomy.errors import InputError


def per_class(
    maps: torch.Tensor, labels: torch.Tensor, absolute: bool = True
) -> dict[int, torch.Tensor]:
    """Average the maps of each class.

    Parameters
    ----------
    maps : Tensor of shape (n, h, w)
        Signed attributions. A map with an entry that is not finite is left out.
    labels : Tensor of shape (n,), int64
    absolute : bool
        Mean of the magnitudes: what matters, whichever way. Signed maps cancel where a place
        speaks for the target in one image and against it in the next.

    Returns
    -------
    dict of int to Tensor of shape (h, w), float32
        By label, ascending. A class none of whose maps is finite is not in it.

    Raises
    ------
    InputError
        Not one label for each map.
    """
    if maps.ndim != 3 or labels.shape != maps.shape[:1]:
        raise InputError(
            f"labels of shape {tuple(labels.shape)} for maps of shape {tuple(maps.shape)}",
            "per_class",
            "Give maps of shape (n, h, w) and labels of shape (n,).",
        )
    usable = maps.isfinite().flatten(1).all(1)
    maps, labels = maps[usable].double().cpu(), labels[usable.to(labels.device)].cpu()
    if absolute:
        maps = maps.abs()
    return {int(label): maps[labels == label].mean(0).float() for label in labels.unique()}


def submodular_pick(
    coefficients: torch.Tensor, count: int, num_features: int | None = 10
) -> list[int]:
    """Choose explanations that together cover the features which matter most over all of them.

    A feature matters as much as ``sqrt(sum_i |W_ij|)``, and is covered when one of the chosen
    explanations has it; greedily the one is chosen that adds most. That covers at least 1 - 1/e
    of what the best choice would (Nemhauser et al. 1978).

    Parameters
    ----------
    coefficients : Tensor of shape (n, d)
        One explanation a row. A column must mean the same in every row: a square of one grid, a
        latent coordinate. NaN (a refused explanation) counts as 0.
    count : int
        Explanations wanted. Where there are fewer, all of them are given.
    num_features : int, optional
        Only the largest of each explanation count, as in the paper, whose explanations are that
        short: every explanation by ridge regression has every feature, and any one would cover
        all. Among equals the first. None: all that are not 0.

    Returns
    -------
    list of int
        Rows, the first choice first. Where several add as much, the first of them.

    Raises
    ------
    InputError
        `coefficients` is not a matrix.
    """
    if coefficients.ndim != 2:
        raise InputError(
            f"coefficients of shape {tuple(coefficients.shape)}",
            "submodular_pick",
            "Give a matrix: one explanation a row.",
        )
    weights = coefficients.double().cpu().abs().nan_to_num(0.0, posinf=0.0)
    if num_features is not None:
        order = weights.argsort(dim=1, descending=True, stable=True)
        weights = weights.scatter(1, order[:, num_features:], 0.0)
    importance = weights.sum(0).sqrt()
    has = weights > 0
    open_features = torch.ones(weights.shape[1], dtype=torch.bool)
    left = list(range(len(weights)))
    chosen: list[int] = []
    while left and len(chosen) < count:
        gains = (has[left] & open_features).double() @ importance
        # sums of the same numbers may differ in the last digit: those are equals
        best = left.pop(int((gains >= gains.max() * (1 - 1e-12)).nonzero()[0]))
        chosen.append(best)
        open_features &= ~has[best]
    return chosen
