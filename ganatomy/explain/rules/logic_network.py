"""A logic explained network: it learns a decision from boolean concepts, attending to few."""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ganatomy.explain.rules.entropy_layer import TEMPERATURE, EntropyLayer
from ganatomy.rng import generator

NUM_HIDDEN = (10, 4)
EPSILON = 1e-3
"""AdamW's: with a smaller one every weight moves as fast, those of idle concepts, too."""


class LogicNetwork(nn.Module):
    """Map concepts to the logits of decisions, by an entropy layer and two linear ones.

    Parameters
    ----------
    num_concepts, num_decisions : int
    num_hidden : tuple of int
        Outputs of the entropy layer and of the layer after it.
    temperature : float
        See `EntropyLayer`.
    seed : int

    Examples
    --------
    >>> LogicNetwork(5, 2, seed=0)(torch.rand(7, 5)).shape
    torch.Size([7, 2])
    """

    def __init__(
        self,
        num_concepts: int,
        num_decisions: int = 1,
        *,
        num_hidden: tuple[int, int] = NUM_HIDDEN,
        temperature: float = TEMPERATURE,
        seed: int,
    ) -> None:
        super().__init__()
        draws = generator(seed, "logic network")
        first, second = num_hidden
        self.concepts = EntropyLayer(
            num_concepts,
            first,
            num_decisions=num_decisions,
            temperature=temperature,
            generator=draws,
        )
        linear = [_linear(first, second, draws), _linear(second, 1, draws)]
        self.rest = nn.Sequential(nn.LeakyReLU(), linear[0], nn.LeakyReLU(), linear[1])

    def forward(self, concepts: Tensor) -> Tensor:
        """Map concepts of shape (n, concepts) to logits of shape (n, decisions)."""
        logits: Tensor = self.rest(self.concepts(concepts))
        return logits.squeeze(-1)


def _linear(num_inputs: int, num_outputs: int, draws: torch.Generator) -> nn.Linear:
    """Make a linear layer that draws from no global generator."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, num_inputs, num_outputs)
    bound = 1 / sqrt(num_inputs)
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -bound, bound, generator=draws)
    return layer


@torch.enable_grad()
def train(
    network: LogicNetwork,
    concepts: Tensor,
    decisions: Tensor,
    *,
    num_steps: int,
    learning_rate: float,
    entropy_weight: float,
) -> LogicNetwork:
    """Train a network on all images at each step, by AdamW.

    Images of a rare decision count as much as the others between them.

    Parameters
    ----------
    network : LogicNetwork
    concepts : Tensor of shape (n, concepts), in [0, 1]
    decisions : Tensor of shape (n, decisions), in {0, 1}
        Each made of some and not of all.
    num_steps : int
    learning_rate : float
    entropy_weight : float
        Of the attention's entropy at the last step, beside the cross entropy of the decisions. It
        rises from 0 in proportion to the steps: at once it would settle the attention before
        anything is learned, on whatever concept the initial weights favour.

    Returns
    -------
    LogicNetwork
        The one given, trained, on its own device. With the same seed the same to the last bit, on
        a CPU with as many threads.
    """
    device = next(network.parameters()).device
    concepts, decisions = concepts.float().to(device), decisions.float().to(device)
    weight = _balanced(decisions)
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, eps=EPSILON, foreach=True)
    for step in range(num_steps):
        optimizer.zero_grad()
        pressure = entropy_weight * step / num_steps
        loss = binary_cross_entropy_with_logits(network(concepts), decisions, weight)
        (loss + pressure * network.concepts.entropy()).backward()
        optimizer.step()
    return network


def _balanced(decisions: Tensor) -> Tensor:
    """Weigh images so that those of which a decision was made count as much as the others.

    A rare decision would be learned as "never" at first, from which no clause can be read.
    """
    share = decisions.mean(0)
    return torch.where(decisions > 0, 0.5 / share, 0.5 / (1 - share))
