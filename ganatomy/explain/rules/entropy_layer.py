"""A linear layer that attends to few concepts: the first of an entropy-based logic network."""

from math import sqrt

import torch
from torch import Tensor, nn

TEMPERATURE = 0.6
"""The published layer's: the lower, the fewer concepts are attended to."""


class EntropyLayer(nn.Module):
    """Scale concepts by how much each is attended to, then map them linearly, by decision.

    Attention to a concept is a softmax of the summed magnitudes of its weights, so that it is
    learned with them; its entropy, as a part of the loss, concentrates it on few concepts
    (Barbiero et al., Entropy-based Logic Explanations of Neural Networks, AAAI 2022, section 3).

    Parameters
    ----------
    num_concepts, num_outputs : int
    num_decisions : int
        Each has weights and attention of its own.
    temperature : float
        Above 0.
    generator : torch.Generator
        Of the initial weights.

    Examples
    --------
    >>> layer = EntropyLayer(5, 3, generator=torch.Generator().manual_seed(0))
    >>> layer(torch.rand(7, 5)).shape
    torch.Size([7, 1, 3])
    """

    def __init__(
        self,
        num_concepts: int,
        num_outputs: int,
        *,
        num_decisions: int = 1,
        temperature: float = TEMPERATURE,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.temperature = temperature
        bound = 1 / sqrt(num_concepts * num_outputs)
        shapes = (num_decisions, num_outputs, num_concepts), (num_decisions, num_outputs)
        weight, bias = (torch.rand(shape, generator=generator) for shape in shapes)
        self.weight = nn.Parameter((2 * weight - 1) * bound)
        self.bias = nn.Parameter((2 * bias - 1) * bound)

    def attention(self) -> Tensor:
        """Give the attention to each concept, shape (decisions, concepts), summing to 1."""
        return torch.softmax(self.weight.abs().sum(1) / self.temperature, 1)

    def relative_attention(self) -> Tensor:
        """Give the attention as a share of the most attended concept's, in (0, 1]."""
        attention = self.attention()
        return attention / attention.amax(1, keepdim=True)

    def entropy(self) -> Tensor:
        """Give the entropy of the attention in nats, summed over decisions: a scalar."""
        entropy: Tensor = torch.special.entr(self.attention()).sum()
        return entropy

    def forward(self, concepts: Tensor) -> Tensor:
        """Map concepts of shape (n, concepts) to (n, decisions, outputs).

        The attention scales the weights instead of the concepts: the same product, for less work.
        """
        scaled = self.weight * self.relative_attention()[:, None, :]
        mapped: Tensor = (concepts @ scaled.flatten(0, 1).T).unflatten(1, self.bias.shape)
        return mapped + self.bias
