"""Entropy LEN, published recipe, re-derived: what a plain script does with torch-explain.

torch-explain (2023, Barbiero et al. 2022, *Entropy-based Logic Explanations of Neural Networks*) is
in no lock (see `published_len` for itself), so its recipe is written here in other words: the
layers, optimiser, steps and weights of its README; concepts as booleans at one half, for which each
is ranked among the images; a conjunction for each image that is rightly said to be so decided, of
the concepts that are attended to more than half as much as the first; in the most accurate of them
each concept left out that accuracy does not need; and these joined for as long as accuracy rises.
Its boolean simplification by sympy, which changes no decision, is left out.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

STEPS, WEIGHT, TEMPERATURE, NUM_TERMS = 2001, 1e-4, 0.6, 10
Term = tuple[tuple[int, bool], ...]  # a concept, and whether it is above its median


class EntropyLinear(nn.Module):
    """A linear map for each class of concepts that are weighted by what the class attends to."""

    def __init__(self, num_concepts: int, width: int) -> None:
        super().__init__()
        bound = num_concepts**-0.5
        self.weight = nn.Parameter(torch.empty(2, width, num_concepts).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(2, 1, width).uniform_(-bound, bound))

    @property
    def attention(self) -> Tensor:
        return (self.weight.abs().sum(1) / TEMPERATURE).softmax(1)

    def forward(self, concepts: Tensor) -> Tensor:
        share = self.attention / self.attention.amax(1, keepdim=True)
        weighted = concepts[None] * share[:, None]
        return (weighted @ self.weight.transpose(1, 2) + self.bias).transpose(0, 1)


def as_concepts(values: Tensor, among: Tensor) -> Tensor:
    """Rank values of shape (n, k) among those of other images: in [0, 1], the same for ties.

    Above one half is above the median.
    """
    columns, others = values.T.contiguous(), among.sort(0).values.T.contiguous()
    below, upto = (torch.searchsorted(others, columns, right=side) for side in (False, True))
    return ((below + upto).T / (2 * len(among))).float()


def fit(ranks: Tensor, decisions: Tensor, *, seed: int) -> list[Term]:
    """Train on all images and read the terms; concepts in [0, 1], true above one half."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        first = EntropyLinear(ranks.shape[1], 10)
        head = [nn.LeakyReLU(), nn.Linear(10, 4), nn.LeakyReLU(), nn.Linear(4, 1)]
        model = nn.Sequential(first, *head)
        optimiser = torch.optim.AdamW(model.parameters(), lr=0.001)
        target = functional.one_hot(decisions.long(), 2).float()
        for _ in range(STEPS):
            optimiser.zero_grad()
            attention = first.attention
            entropy = -(attention * attention.clamp(min=1e-30).log()).sum()
            logits = model(ranks).squeeze(-1)
            loss = functional.binary_cross_entropy_with_logits(logits, target)
            (loss + WEIGHT * entropy).backward()
            optimiser.step()
    with torch.no_grad():
        share = first.attention[1] / first.attention[1].max()
        kept = [at for at in share.argsort(descending=True).tolist() if share[at] > 0.5]
        right = decisions & model(ranks).squeeze(-1).argmax(1).bool()
    return _joined(ranks > 0.5, decisions, right, kept)


def _joined(booleans: Tensor, decisions: Tensor, right: Tensor, kept: list[int]) -> list[Term]:
    rows = {tuple(row) for row in booleans[right][:, kept].tolist()}
    terms = [tuple(zip(kept, row)) for row in sorted(rows)]

    def accuracy(tried: list[Term]) -> float:
        return float((says(tried, booleans) == decisions).double().mean())

    def simplified(term: Term) -> Term:
        for literal in term:
            rest = tuple(each for each in term if each != literal)
            if rest and accuracy([rest]) >= accuracy([term]):
                term = rest
        return term

    best: list[Term] = []
    for term in map(simplified, sorted(terms, key=lambda each: -accuracy([each]))[:NUM_TERMS]):
        if not best or accuracy([*best, term]) > accuracy(best):
            best = [*best, term]
    return best


def says(terms: list[Term], booleans: Tensor) -> Tensor:
    """Say of each image whether one of the terms holds."""
    found = torch.zeros(len(booleans), dtype=torch.bool)
    for term in terms:
        places, values = zip(*term)
        found |= (booleans[:, list(places)] == torch.tensor(values)).all(1)
    return found
