"""Snapshots: atomic, hashed, few, and the best of them."""

import errno
from pathlib import Path
from typing import Any

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from ganatomy.gan import snapshots as module
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.snapshots import Snapshots
from ganatomy.gan.state import TrainingState, begin
from tests.unit.gan.small import PLAIN

SETTINGS = TrainingSettings(
    epochs=2, batch_size=4, latent_dim=5, width=4, learning_rate=1e-3, ema_decay=0.9, method=PLAIN
)


def _state(step: int, width: int = 4) -> TrainingState:
    """Whose weights tell the step."""
    state = begin(Architecture(28, 1, 5, width), SETTINGS, 0, device=torch.device("cpu"))
    for network, optimiser in zip(
        (state.gan.generator, state.gan.discriminator), state.optimisers.values()
    ):
        for parameter in network.parameters():
            parameter.data.fill_(step)
            parameter.grad = torch.zeros_like(parameter)
        optimiser.step()
    state.step = step
    return state


def _steps(kept: Snapshots) -> list[int]:
    return [snapshot.step for snapshot in kept.all()]


@pytest.fixture
def kept(tmp_path: Path) -> Snapshots:
    """Steps 1 to 3 of scores 2, 1, 3; the last two and the best stay."""
    found = Snapshots(tmp_path / "run", 2)
    for step, score in ((1, 2.0), (2, 1.0), (3, 3.0)):
        found.write(_state(step), score, {"seen": step})
    return found


def test_the_last_and_the_best_are_kept(tmp_path: Path) -> None:
    kept = Snapshots(tmp_path, 2)
    seen = []
    for step, score in enumerate((5.0, 1.0, 4.0, 3.0, 1.0, None, 2.0), start=1):
        kept.write(_state(step), score, {})
        seen.append(_steps(kept))
    assert seen == [[1], [1, 2], [2, 3], [2, 3, 4], [2, 4, 5], [2, 5, 6], [2, 6, 7]]
    best = kept.best()
    assert best is not None
    assert (best.step, best.score) == (2, 1.0)  # of equal ones the oldest
    assert Snapshots(tmp_path / "none", 2).best() is None


def test_the_untrained_one_is_the_best_only_while_it_is_alone(tmp_path: Path) -> None:
    kept = Snapshots(tmp_path, 1)
    seen = []
    for step, score in enumerate((1.0, 3.0, 2.0, 4.0)):
        kept.write(_state(step), score, {})
        best = kept.best()
        assert best is not None
        seen.append((best.step, _steps(kept)))
    assert seen == [(0, [0]), (1, [1]), (2, [2]), (2, [2, 3])]


def test_the_newest_is_restored_with_its_history(kept: Snapshots) -> None:
    state = _state(0)
    snapshot, faults = kept.restore_latest(state)
    assert faults == []
    assert snapshot is not None
    assert (snapshot.step, snapshot.history) == (3, {"seen": 3})
    assert state.step == 3
    assert float(state.gan.generator.project.weight[0, 0].detach()) == pytest.approx(3, abs=1e-6)


def test_nothing_to_restore(tmp_path: Path) -> None:
    state = _state(5)
    assert Snapshots(tmp_path / "none", 2).restore_latest(state) == (None, [])
    assert state.step == 5


def _truncate(folder: Path) -> None:
    path = folder / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _alter(folder: Path) -> None:
    path = folder / "state.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def _lose(folder: Path) -> None:
    (folder / "state.safetensors").unlink()


def _blank(folder: Path) -> None:
    write_json(folder / "snapshot.json", {})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_truncate, "not a readable safetensors"),
        (_alter, "SHA-256 differs"),
        (_lose, "file not found"),
        (_blank, "not a snapshot"),
    ],
)
def test_a_damaged_one_is_named_and_the_one_before_is_taken(
    damage: Any, words: str, kept: Snapshots
) -> None:
    newest = kept.folder / "step-000000003"
    damage(newest)
    state = _state(0)
    snapshot, faults = kept.restore_latest(state)
    assert snapshot is not None
    assert snapshot.step == state.step == 2
    assert len(faults) == 1
    assert words in faults[0]
    assert str(newest) in faults[0]


def test_another_shape_is_an_error_not_a_reason_to_look_further(kept: Snapshots) -> None:
    with pytest.raises(InputError, match="other networks") as caught:
        kept.restore_latest(_state(0, width=8))
    assert "step-000000003" in caught.value.where


def test_a_full_disk_leaves_what_was_there(
    kept: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    before = sorted(path for path in kept.folder.rglob("*"))
    monkeypatch.setattr(module, "write_tensors", full)
    with pytest.raises(OSError, match="No space left"):
        kept.write(_state(4), 0.0, {})
    assert sorted(path for path in kept.folder.rglob("*")) == before
    assert _steps(kept) == [2, 3]


def test_its_hash_is_that_of_its_file(kept: Snapshots) -> None:
    import hashlib

    folder = kept.folder / "step-000000003"
    content = (folder / "state.safetensors").read_bytes()
    assert read_json(folder / "snapshot.json")["sha256"] == hashlib.sha256(content).hexdigest()
