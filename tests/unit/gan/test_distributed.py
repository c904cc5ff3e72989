"""Several processes against one: the same training, but for the rounding of sums.

Three ranks, because a sum of two does not depend on its order.
"""

import multiprocessing
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.distributed import FabricRanks, Ranks, SingleRank, fabric_of, share_of
from ganatomy.gan.global_batch_norm import global_batch_norm
from ganatomy.gan.session import (
    Interrupted,
    Monitoring,
    SessionCallbacks,
    follow_session,
    run_session,
)
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.snapshots import Snapshots
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.training import architecture_for, train
from tests.unit.gan.small import PLAIN

NUM_RANKS = 3
BATCH_SIZE = 12
CPU = torch.device("cpu")
IMAGES = torch.randint(
    0, 256, (36, 3, 28, 28), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
)
LABELS = torch.arange(36) % 3
AUGMENT = ("translation", "cutout", "colour")
METHODS = {
    "resnet": replace(PLAIN, generator="resnet", discriminator="resnet"),
    "BatchNorm": PLAIN,
    "BatchNorm, relativistic, R1, augmented": replace(
        PLAIN, loss="relativistic", r1=1.0, augment=AUGMENT
    ),
    "all of it": replace(
        PLAIN,
        spectral_norm=True,
        loss="relativistic",
        r1=1.0,
        r2=0.5,
        gradient_penalty=1.0,
        penalty_every=2,
        augment=AUGMENT,
        n_dis=2,
        conditional=True,
    ),
}
HAS_BFLOAT16 = torch.cpu._is_avx512_bf16_supported()
if HAS_BFLOAT16:
    METHODS["bfloat16"] = replace(PLAIN, precision="bfloat16")
SECOND_ORDER = 1e-3
NORMS = {
    "of maps": lambda: nn.BatchNorm2d(3),
    "of vectors": lambda: nn.BatchNorm1d(3, momentum=None),
    "plain": lambda: nn.BatchNorm2d(3, affine=False, track_running_stats=False),
}

Values = dict[str, float]
Tensors = dict[str, torch.Tensor]


def _settings(method: Method) -> TrainingSettings:
    return TrainingSettings(
        epochs=3,
        batch_size=BATCH_SIZE,
        latent_dim=5,
        width=4,
        learning_rate=2e-4,
        ema_decay=0.9,
        method=method,
    )


def _begin(settings: TrainingSettings) -> TrainingState:
    return begin(architecture_for(IMAGES, settings, 3), settings, 0, device=CPU)


def _copied(state: TrainingState) -> Tensors:
    return {name: value.clone() for name, value in state.tensors().items()}


def _trained(method: Method, ranks: Ranks) -> tuple[list[Values], Tensors]:
    settings, measured = _settings(method), []
    state = _begin(settings)

    def on_step(_state: object, _total: int, values: Tensors | None) -> None:
        assert values is not None
        measured.append({name: float(value) for name, value in values.items()})

    train(
        state,
        IMAGES,
        LABELS,
        settings=settings,
        seed=0,
        on_step=on_step,
        measure_every=1,
        ranks=ranks,
    )
    return measured, _copied(state)


def _in_sessions(folder: Path, ranks: Ranks, *stops: int) -> list[tuple[int, Tensors]]:
    """Trainings one after the other in one folder, asked to end after the steps `stops`."""
    settings, found = _settings(METHODS["BatchNorm, relativistic, R1, augmented"]), []
    for stop in stops:
        state = _begin(settings)

        def asked(state: TrainingState = state, stop: int = stop) -> bool:
            return state.step == stop

        data: Any = {"settings": settings, "seed": 0, "ranks": ranks}
        with suppress(Interrupted):
            if ranks.rank == 0:
                monitoring, snapshots = Monitoring(2, 0.036, "last"), Snapshots(folder, 1)
                callbacks = SessionCallbacks(lambda *_: ({}, 1.0), _ignore, _ignore, _ignore, asked)
                run_session(
                    state,
                    IMAGES,
                    LABELS,
                    monitoring=monitoring,
                    snapshots=snapshots,
                    callbacks=callbacks,
                    **data,
                )
            else:
                follow_session(state, IMAGES, LABELS, measure_every=2, **data)
        found.append((state.step, _copied(state)))
    return found


def _ignore(*_: object) -> None:
    return


def _normalised(kind: str, own: slice, several: bool) -> Tensors:
    """What BatchNorm gives for a part of 12 values, its gradients up to the second order."""
    draw = torch.Generator().manual_seed(1)
    shape = (12, 3) if kind == "of vectors" else (12, 3, 4, 4)
    given, weights = (torch.randn(shape, generator=draw, dtype=torch.float64) for _ in range(2))
    images = (given * 2 + 5)[own].requires_grad_()
    norm = NORMS[kind]().double()
    with torch.no_grad():
        for scale, parameter in enumerate(norm.parameters(), 2):
            parameter.copy_(torch.arange(1, 4) * scale)

    def forward_and_back() -> torch.Tensor:
        outputs: torch.Tensor = norm(images)
        (slope,) = torch.autograd.grad(outputs.pow(3).sum(), images, create_graph=True)
        loss = (outputs * weights[own]).sum() + SECOND_ORDER * slope.square().sum()
        loss.backward()
        return outputs.detach()

    if several:
        with global_batch_norm(norm):
            outputs = forward_and_back()
    else:
        outputs = forward_and_back()
    assert images.grad is not None
    parameters = {f"slope of {k}": p.grad for k, p in norm.named_parameters() if p.grad is not None}
    return {"outputs": outputs, "slopes": images.grad, **parameters, **dict(norm.named_buffers())}


def _worker(fabric: Any, folder: Path) -> None:
    torch.set_num_threads(1)
    ranks = FabricRanks(fabric)
    own = ranks.share(12)
    found = {
        "trained": {name: _trained(method, ranks) for name, method in METHODS.items()},
        "whole": _in_sessions(folder / "whole", ranks, -1),
        "broken": _in_sessions(folder / "broken", ranks, 4, 6, -1),
        "normalised": {kind: _normalised(kind, own, several=True) for kind in NORMS},
        "first": ranks.first(f"rank {ranks.rank}"),
    }
    torch.save(found, folder / f"{ranks.rank}.pt")


@pytest.fixture(scope="module")
def by_rank(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ranks")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LOCAL_RANK", raising=False)
        patch.setenv("OMP_NUM_THREADS", "1")
        multiprocessing.set_forkserver_preload(["lightning_fabric", __name__])
        fabric_of(NUM_RANKS, CPU, "forkserver").launch(_worker, folder)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(NUM_RANKS)]


def _differences(one: Tensors, two: Tensors) -> dict[str, float]:
    assert one.keys() == two.keys()
    return {
        name: float((value.double() - two[name].double()).abs().max())
        for name, value in one.items()
        if value.is_floating_point()
    }


@pytest.mark.parametrize("name", [name for name in METHODS if name != "bfloat16"])
def test_it_is_the_training_of_one_process(name: str, by_rank: list[dict[str, Any]]) -> None:
    expected, weights = _trained(METHODS[name], SingleRank())
    measured, several = by_rank[0]["trained"][name]
    assert len(measured) == len(expected) == 9 // METHODS[name].n_dis
    for loss in ("d_loss", "g_loss"):
        assert measured[0][loss] == pytest.approx(expected[0][loss], abs=2e-6)
        for step, values in enumerate(expected):
            assert measured[step][loss] == pytest.approx(values[loss], abs=2e-5), (step, loss)
    assert measured[0] == pytest.approx(expected[0], rel=1e-4, abs=1e-5)
    # Adam moves a weight by its learning rate whose gradient is nothing but rounding
    moved = {k: v for k, v in _differences(weights, several).items() if not k.startswith("adam")}
    assert max(moved.values()) < 1e-4, max(moved, key=moved.__getitem__)


@pytest.mark.skipif(not HAS_BFLOAT16, reason="this CPU has no bfloat16")
def test_bfloat16_is_near_it(by_rank: list[dict[str, Any]]) -> None:
    expected, _ = _trained(METHODS["bfloat16"], SingleRank())
    measured, _ = by_rank[0]["trained"]["bfloat16"]
    assert measured[0] == pytest.approx(expected[0], rel=0.01, abs=5e-3)


@pytest.mark.parametrize("name", METHODS)
def test_all_ranks_hold_the_same_to_the_last_bit(name: str, by_rank: list[dict[str, Any]]) -> None:
    measured, tensors = by_rank[0]["trained"][name]
    for other in by_rank[1:]:
        found = other["trained"][name]
        assert found[0] == measured
        assert [k for k, v in tensors.items() if not torch.equal(v, found[1][k])] == []


def test_all_end_after_the_same_step_and_go_on_to_the_last_bit(
    by_rank: list[dict[str, Any]],
) -> None:
    for found in by_rank:
        assert [step for step, _ in found["broken"]] == [4, 6, 9]
        expected, resumed = found["whole"][-1][1], found["broken"][-1][1]
        assert [k for k, v in expected.items() if not torch.equal(v, resumed[k])] == []


@pytest.mark.parametrize("kind", NORMS)
def test_batch_norm_is_that_of_the_whole_batch(kind: str, by_rank: list[dict[str, Any]]) -> None:
    expected = _normalised(kind, slice(None), several=False)
    parts = [found["normalised"][kind] for found in by_rank]
    for name, value in expected.items():
        if name in ("outputs", "slopes"):
            found = torch.cat([part[name] for part in parts])
        elif name.startswith("slope of"):
            found = sum(part[name] for part in parts)
        else:
            found = parts[-1][name]
        torch.testing.assert_close(found, value, rtol=1e-9, atol=1e-9, msg=name)


def test_the_first_rank_is_heard_by_all(by_rank: list[dict[str, Any]]) -> None:
    assert [found["first"] for found in by_rank] == ["rank 0"] * NUM_RANKS


def test_batch_norm_is_left_as_it_was() -> None:
    norm = nn.BatchNorm2d(3)
    before, names = vars(norm).keys() - {"forward"}, set(norm.state_dict())

    def fail_within() -> None:
        with global_batch_norm(nn.Sequential(norm)):
            norm.eval()(torch.ones(2, 3, 4, 4))  # eval mode asks no other rank
            assert set(norm.state_dict()) == names
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_within()
    assert vars(norm).keys() == before


def test_parts_are_equal_and_make_up_the_batch() -> None:
    batch = list(range(12))
    parts = [batch[share_of(12, rank, NUM_RANKS)] for rank in range(NUM_RANKS)]
    assert [image for part in parts for image in part] == batch
    assert {len(part) for part in parts} == {4}
    with pytest.raises(InputError, match=r"12 images .* among 5 devices \[batch_size\]"):
        share_of(12, 0, 5)
