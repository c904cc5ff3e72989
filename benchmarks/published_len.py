"""Entropy LEN by torch-explain itself (2023), as its README uses it: what a plain script does.

The package is in no lock; rows by it are skipped where it is not installed. Layers, optimiser,
steps and weights are those of the README. Its `explain_classes` puts every concept into the
conjunction of each image and simplifies each of these by itself; with 40 concepts these are as many
as images. So the explanation is asked for as the package's experiments ask: of the concepts that
are attended to most, the best conjunctions joined and simplified.
"""

from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

STEPS, WEIGHT, NUM_TERMS = 2001, 1e-4, 10
IS_INSTALLED = find_spec("torch_explain") is not None


def fit(concepts: Tensor, decisions: Tensor, *, seed: int, length: int) -> str:
    """Train on concepts in [0, 1], booleans at one half, and give the formula of the decision.

    Parameters
    ----------
    concepts : Tensor of shape (n, k), float32
    decisions : Tensor of shape (n,), bool
    seed : int
    length : int
        Concepts in a conjunction, at most.

    Returns
    -------
    str
        As torch-explain writes it, of ``feature0000000000`` and so on; "" where it finds none.
    """
    import torch_explain as te
    from torch_explain.logic.nn import entropy

    target = one_hot(decisions.long(), 2)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        first = te.nn.EntropyLinear(concepts.shape[1], 10, n_classes=2)
        head = [torch.nn.LeakyReLU(), torch.nn.Linear(10, 4), torch.nn.LeakyReLU()]
        model = torch.nn.Sequential(first, *head, torch.nn.Linear(4, 1))
        optimiser = torch.optim.AdamW(model.parameters(), lr=0.001)
        loss_of = torch.nn.BCEWithLogitsLoss()
        for _ in range(STEPS):
            optimiser.zero_grad()
            loss = loss_of(model(concepts).squeeze(-1), target.float())
            (loss + WEIGHT * te.nn.functional.entropy_logic_loss(model)).backward()
            optimiser.step()
    every = torch.arange(len(concepts))
    found, _ = entropy.explain_class(
        model,
        concepts,
        target,
        every,
        every,
        1,
        max_minterm_complexity=length,
        topk_explanations=NUM_TERMS,
        try_all=False,
        simplify=True,
    )
    return str(found)


def says(formula: str, concepts: Tensor) -> Tensor:
    """Say where a formula holds, booleans of shape (n,); by torch-explain's own evaluation."""
    from torch_explain.logic.utils import get_predictions

    if not formula:
        return torch.zeros(len(concepts), dtype=torch.bool)
    return torch.as_tensor(get_predictions(formula, concepts, 0.5)).bool()


def xor() -> dict[str, Any]:
    """Learn the exclusive or of two concepts, the README's own example."""
    concepts = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    decisions = concepts[:, 0] != concepts[:, 1]
    formula = fit(concepts, decisions, seed=0, length=2)
    right = says(formula, concepts) == decisions
    return {"formula": formula, "fidelity": float(right.double().mean())}
