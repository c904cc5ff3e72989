"""The entropy layer against its formulas in numpy, and against the published example."""

import numpy as np
import pytest
import torch

from ganatomy.explain.rules.entropy_layer import EntropyLayer
from ganatomy.explain.rules.logic_network import LogicNetwork, train
from ganatomy.explain.rules.truth_table import TruthTable, clauses_of, formulas_of
from ganatomy.rng import generator


def test_attention_entropy_and_output_are_the_papers() -> None:
    """Equations of section 3: gamma = sum |W|, alpha = softmax(gamma / T), alpha / max alpha."""
    layer = EntropyLayer(4, 3, num_decisions=2, temperature=0.7, generator=generator(0, "layer"))
    weight, bias = layer.weight.detach().numpy() * 5, layer.bias.detach().numpy()
    layer.weight.data = torch.tensor(weight)
    concepts = np.random.default_rng(0).random((6, 4)).astype(np.float32)
    outputs, entropy = np.zeros((6, 2, 3)), 0.0
    for decision in range(2):
        gamma = np.array([sum(abs(weight[decision, h, c]) for h in range(3)) for c in range(4)])
        alpha = np.exp(gamma / 0.7) / np.exp(gamma / 0.7).sum()
        entropy -= (alpha * np.log(alpha)).sum()
        scaled = concepts * (alpha / alpha.max())
        outputs[:, decision] = scaled @ weight[decision].T + bias[decision]
        np.testing.assert_allclose(layer.attention()[decision].detach(), alpha, rtol=1e-5)
    np.testing.assert_allclose(
        layer(torch.tensor(concepts)).detach(), outputs, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(layer.entropy().item(), entropy, rtol=1e-5)
    assert layer.relative_attention().amax(1).tolist() == [1.0, 1.0]


def test_no_attention_is_lost_to_large_weights() -> None:
    layer = EntropyLayer(3, 1, generator=generator(0, "layer"))
    layer.weight.data = torch.tensor([[[1e4, 0.0, 0.0]]])
    assert layer.entropy().item() == 0.0
    assert layer(torch.eye(3)).isfinite().all()


@pytest.mark.parametrize("seed", range(3))
def test_the_published_example_gives_the_published_formula(seed: int) -> None:
    """y = f1 XOR f2 beside 100 idle concepts, with the published network and step size.

    The published answer: (f1 and not f2) or (f2 and not f1), right in every case.
    """
    concepts = torch.zeros(4, 102)
    concepts[:, :2] = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    made = torch.tensor([False, True, True, False])
    network = train(
        LogicNetwork(102, 2, seed=seed),
        concepts,
        torch.stack([~made, made], 1),
        num_steps=400,
        learning_rate=0.01,
        entropy_weight=0.0001,
    )
    logits = network(concepts).detach()[:, 1]
    assert torch.equal(logits > 0, made)
    attended = network.concepts.relative_attention()[1].topk(2).indices.sort().values.tolist()
    assert attended == [0, 1]
    truth = TruthTable.of(concepts[:, attended].bool().numpy(), made.numpy(), logits.numpy())
    best = formulas_of(truth, clauses_of(truth), max_length=8)[0]
    assert {frozenset(terms) for terms in best} == {frozenset({0, 3}), frozenset({1, 2})}


def test_the_same_seed_gives_the_same_bits_whatever_was_drawn_before() -> None:
    concepts = torch.rand(50, 6, generator=generator(0, "concepts")).round()
    decisions = concepts[:, :1] * concepts[:, 1:2]
    options = {"num_steps": 20, "learning_rate": 0.01, "entropy_weight": 0.1}
    networks = []
    for seed in (3, 3, 4):
        torch.rand(seed)
        networks.append(train(LogicNetwork(6, seed=seed), concepts, decisions, **options))
    first, same, other = (network.state_dict() for network in networks)
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_the_entropy_is_what_concentrates_attention() -> None:
    concepts = torch.rand(200, 10, generator=generator(1, "concepts")).round()
    options = {"num_steps": 150, "learning_rate": 0.01}
    plain, sparse = (
        train(LogicNetwork(10, seed=2), concepts, concepts[:, :1], entropy_weight=weight, **options)
        for weight in (0.0, 0.3)
    )
    assert plain.concepts.entropy() > 0.1 > sparse.concepts.entropy()
    assert int(sparse.concepts.attention()[0].argmax()) == 0


def test_a_rare_decision_is_learned_as_well() -> None:
    concepts = torch.rand(400, 5, generator=generator(1, "concepts")).round()
    decisions = concepts[:, :4].prod(1, keepdim=True)
    network = LogicNetwork(5, seed=0)
    train(network, concepts, decisions, num_steps=100, learning_rate=0.01, entropy_weight=0.0)
    assert 0.02 < decisions.mean() < 0.1
    assert bool((network(concepts)[decisions > 0] > 0).all())
