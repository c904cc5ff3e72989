"""Cascading parameter randomisation: what is replaced, in which order, and what it shows."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr, t
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.randomisation import randomisation

Maps = dict[str, torch.Tensor]
IMAGES = torch.rand(4, 1, 9, 9, generator=torch.Generator().manual_seed(0)) * 2 - 1


class Small(nn.Module):
    """Registered in another order than it runs, with all that makes trouble."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(8, 1)
        self.bend = nn.Parameter(torch.tensor([0.5, 0.1]))
        self.norm = nn.BatchNorm2d(8)
        self.second = spectral_norm(nn.Conv2d(6, 8, 3, padding=1))
        self.first = nn.Conv2d(1, 6, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.norm(self.second(torch.relu(self.first(images)))))
        logits: torch.Tensor = self.head(hidden.mean((2, 3)))[:, 0]
        return logits * self.bend[0] + self.bend[1]


def _small() -> Small:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = Small()
        for _ in range(5):
            network(IMAGES)
        nn.init.normal_(network.norm.weight, 1, 0.3)
        nn.init.normal_(network.norm.bias, 0, 0.3)
    return network.eval()


def _explain(network: nn.Module) -> Maps:
    leaf = IMAGES.clone().requires_grad_()
    gradient = torch.autograd.grad(network(leaf).sum(), leaf)[0]
    return {"gradient": gradient[:, 0], "image": IMAGES[:, 0]}


def _state(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def test_layers_fall_from_the_output_down_and_stay_fallen() -> None:
    network = _small()
    before = _state(network)
    states: list[dict[str, torch.Tensor]] = []

    def explain(copy: nn.Module) -> Maps:
        states.append(_state(copy))
        return _explain(copy)

    table = randomisation(network, explain, seed=0)
    order = ["", "head", "norm", "second", "first"]  # "": the network's own parameter, used last
    assert table["layer"].tolist() == [layer for layer in order for _ in range(2)]
    assert table["step"].tolist() == [step for step in range(1, 6) for _ in range(2)]
    for step, state in enumerate(states):
        for name, value in state.items():
            layer = name.rpartition(".")[0].split(".parametrizations")[0]
            # the head's bias is a single value: it has no spread to be drawn with
            learned = "running" not in name and name not in (
                "norm.num_batches_tracked",
                "head.bias",
            )
            fallen = layer in order[:step] and learned
            if fallen or not name.endswith(("_u", "_v")):
                assert torch.equal(value, before[name]) != fallen, (step, name)
    after = _state(network)
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in after)
    assert not network._forward_hooks
    assert not any(module._forward_hooks for module in network.modules())


def test_what_is_drawn_has_the_size_of_what_was_there() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = nn.Linear(100, 60)
        nn.init.normal_(layer.weight, 3, 0.2)
        nn.init.constant_(layer.bias, 7)
    kept: list[torch.Tensor] = []

    def explain(copy: nn.Module) -> Maps:
        assert isinstance(copy, nn.Linear)
        kept.append(copy.weight.detach().clone())
        assert (copy.bias == 7).all()
        return {"weights": kept[-1][None]}

    randomisation(layer, explain, seed=0)
    before, drawn = kept
    # four standard errors of 6,000 draws
    assert float(drawn.mean()) == pytest.approx(float(before.mean()), abs=0.01)
    assert float(drawn.std()) == pytest.approx(float(before.std()), rel=0.037)
    assert abs(np.corrcoef(drawn.flatten(), before.flatten())[0, 1]) < 0.052


def test_spectral_norm_is_measured_anew() -> None:
    norms: list[float] = []

    def explain(copy: nn.Module) -> Maps:
        assert isinstance(copy, Small)
        weight = copy.second.weight
        assert isinstance(weight, torch.Tensor)
        norms.append(float(torch.linalg.matrix_norm(weight.detach().flatten(1), 2)))
        return _explain(copy)

    randomisation(_small(), explain, seed=0)
    assert norms[4] == pytest.approx(1, abs=0.05)  # drawn in the fourth step
    assert norms[5] == pytest.approx(1, abs=0.05)


def test_correlations_are_scipys_with_their_t_interval() -> None:
    seen: list[torch.Tensor] = []

    def explain(copy: nn.Module) -> Maps:
        maps = _explain(copy)
        seen.append(maps["gradient"])
        return maps

    table = randomisation(_small(), explain, seed=0)
    rows = table[table["method"] == "gradient"].reset_index(drop=True)
    for step, maps in enumerate(seen[1:]):
        for column, change in (("correlation", np.asarray), ("absolute", np.abs)):
            each = [
                spearmanr(change(one.flatten().numpy()), change(two.flatten().numpy())).statistic
                for one, two in zip(maps, seen[0])
            ]
            assert rows.loc[step, column] == pytest.approx(np.mean(each), abs=1e-6)
            half = t.ppf(0.975, 3) * np.std(each, ddof=1) / 2
            low, high = ("low", "high") if column == "correlation" else ("absolute_low",) * 2
            if column == "absolute":
                high = "absolute_high"
            assert rows.loc[step, low] == pytest.approx(np.mean(each) - half, abs=1e-5)
            assert rows.loc[step, high] == pytest.approx(np.mean(each) + half, abs=1e-5)
    assert (rows["n"] == 4).all()


def test_a_map_of_the_image_stays_and_a_gradient_does_not() -> None:
    table = randomisation(_small(), _explain, seed=0)
    last = table[table["step"] == 5].set_index("method")
    for column in ("correlation", "absolute"):
        assert float(last[column]["image"]) == pytest.approx(1)
        assert abs(float(last[column]["gradient"])) < 0.5


def test_the_seed_alone_decides() -> None:
    network = _small()
    first = randomisation(network, _explain, seed=0)
    torch.manual_seed(123)
    assert first.equals(randomisation(network, _explain, seed=0))
    assert not first.equals(randomisation(network, _explain, seed=1))


def test_a_flat_map_is_left_out_of_the_mean() -> None:
    calls = iter(range(100))

    def explain(_: nn.Module) -> Maps:
        maps = IMAGES[:, 0].clone()
        if next(calls) > 0:
            maps[0] = 0
        return {"m": maps}

    table = randomisation(nn.Linear(3, 3), explain, seed=0)
    assert table["n"].tolist() == [3]
    assert table["correlation"].tolist() == pytest.approx([1])


def test_a_network_without_parameters_is_refused() -> None:
    with pytest.raises(InputError, match="without parameters"):
        randomisation(nn.Identity(), _explain, seed=0)


def test_hooks_are_gone_after_an_explainer_that_fails() -> None:
    network = _small()
    copies: list[nn.Module] = []

    def explain(copy: nn.Module) -> Maps:
        copies.append(copy)
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        randomisation(network, explain, seed=0)
    assert copies[0] is not network
    assert not any(module._forward_hooks for module in copies[0].modules())


def test_draws_are_averaged_image_by_image() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Tanh(), nn.Conv2d(3, 1, 3, padding=1))
    images = torch.randn(5, 1, 8, 8)
    seen: list[torch.Tensor] = []

    def explain(model: nn.Module) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            maps = model(images)[:, 0]
        seen.append(maps)
        return {"output": maps}

    table = randomisation(network, explain, seed=1, num_draws=3)
    original, last = seen[0], [seen[-5], seen[-3], seen[-1]]  # two layers a draw
    assert not torch.equal(last[0], last[1])
    expected = [
        [spearmanr(each[i].flatten(), original[i].flatten()).statistic for each in last]
        for i in range(5)
    ]
    final = table[table["step"] == 2].iloc[0]
    assert final["n"] == 5
    assert final["correlation"] == pytest.approx(np.mean(expected), abs=1e-6)
    half = t.ppf(0.975, 4) * np.std(np.mean(expected, 1), ddof=1) / 5**0.5
    assert final["high"] - final["correlation"] == pytest.approx(half, abs=1e-5)
