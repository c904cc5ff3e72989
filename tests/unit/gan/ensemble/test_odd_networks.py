"""Networks of a user's own: trained as if alone, or one by one and said so."""

from pathlib import Path

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.gan.ensemble import Trained
from ganatomy.gan.ensemble.feed import View
from ganatomy.gan.model import build_gan
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.snapshots import Snapshots
from tests.unit.gan.ensemble.packs import Run, Weights, architecture, equal, noise, views
from tests.unit.gan.small import small_settings

_MODULE = "tests.unit.gan.ensemble.odd"


def _settings(name: str) -> TrainingSettings:
    return small_settings(discriminator=f"{_MODULE}:{name}")


def _far(one: Weights | None, two: Weights | None) -> float:
    assert one is not None
    assert two is not None
    return max(
        float((one[name][key].double() - value.double()).abs().max())
        for name, own in two.items()
        for key, value in own.items()
    )


@pytest.mark.parametrize("name", ["Plain", "Gain", "Started", "Frozen", "Tied", "Normalised"])
def test_it_is_trained_in_a_pack_as_alone(tmp_path: Path, name: str) -> None:
    settings, given = _settings(name), views(3)
    alone = Run(tmp_path / "1", settings, "loop", 1)(given, total=3)
    pack = Run(tmp_path / "2", settings, "grouped", 3)
    together = pack(given, total=3)
    assert pack.warnings == []
    assert max(_far(together[job], alone[job]) for job in alone) < 1e-3


def test_every_member_starts_from_its_own_first_weights(tmp_path: Path) -> None:
    """Of its seed, in a pack as alone: with a learning rate of next to nothing they stay."""
    settings = small_settings(discriminator=f"{_MODULE}:Started", learning_rate=1e-12)
    found = Run(tmp_path, settings, "grouped", 3)(views(3, num_seeds=3), total=1)
    gains = set()
    for seed in range(3):
        expected = build_gan(architecture(views(1)[0], settings), seed).discriminator
        member = found[f"job-{seed}"]
        assert member is not None
        state = member["discriminator"]
        assert bool((state["constant"] - 0.75).abs().max() < 1e-6)
        for key, value in expected.state_dict().items():
            torch.testing.assert_close(state[key], value, atol=1e-6, rtol=0)
        gains.add(float(state["gain"]))
    assert len(gains) == 3


@pytest.mark.parametrize("name", ["Replacing", "Counting", "Drawing"])
def test_what_recording_cannot_see_is_found_out(tmp_path: Path, name: str) -> None:
    pack = Run(tmp_path, _settings(name), "grouped", 2)
    pack(views(2), total=2)
    assert len(pack.warnings) == 1
    assert "one by one" in pack.warnings[0]
    assert "differ from plain ones" in pack.warnings[0]


def test_what_is_frozen_stays_as_it_was(tmp_path: Path) -> None:
    settings, given = _settings("Frozen"), views(2)
    short = Run(tmp_path / "1", settings, "grouped", 2)(given, total=1)
    long = Run(tmp_path / "2", settings, "loop", 1)(given, total=4)
    for job, weights in short.items():
        assert weights is not None
        after = long[job]
        assert after is not None
        frozen, trained = ("second.weight", "unused.bias"), "third.weight"
        first, last = weights["discriminator"], after["discriminator"]
        assert all(torch.equal(first[key], last[key]) for key in frozen)
        assert not torch.equal(first[trained], last[trained])


def test_a_parameter_without_axes_goes_on_where_it_was(tmp_path: Path) -> None:
    settings, given = _settings("Gain"), views(3)
    whole = Run(tmp_path / "1", settings, "grouped", 3)(given)
    broken = Run(tmp_path / "2", settings, "grouped", 3)
    broken.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        broken(given)
    found = Run(tmp_path / "2", settings, "grouped", 3)(given)
    for job, weights in whole.items():
        assert weights is not None
        assert equal(weights, found[job])


def test_packs_keep_their_size_when_memory_is_shorter_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, given = small_settings(), views(4)
    whole = Run(tmp_path / "1", settings, "grouped", 2)(given)
    broken = Run(tmp_path / "2", settings, "grouped", 2)
    broken.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        broken(given)
    again = Run(tmp_path / "2", settings, "grouped", 3)  # asked for more: those packs are gone on
    found = again(given)
    for job, weights in whole.items():
        assert weights is not None
        assert equal(weights, found[job])


def test_fewer_images_than_a_batch_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    given = [*views(2), View(noise(3, 0), None, 0)]
    trying = Run(tmp_path, small_settings(), "grouped", 2)
    with pytest.raises(InputError, match="fewer than one batch"):
        trying(given)
    assert trying.progress == []


def test_a_hand_over_that_failed_is_done_again(tmp_path: Path) -> None:
    given, settings = views(3), small_settings()
    trying = Run(tmp_path, settings, "grouped", 3)
    take, taken = trying._on_trained, 0

    def fail(trained: Trained) -> None:
        nonlocal taken
        taken += 1
        if taken == 2:
            raise OSError("disk full")
        take(trained)

    trying._on_trained = fail  # type: ignore[method-assign]
    with pytest.raises(OSError, match="disk full"):
        trying(given, shares=(0.5,))
    after = Run(tmp_path, settings, "grouped", 3)
    after(given, shares=(0.5,))
    assert sorted(share for _, share in after.trained) == [0.5] * 3 + [1.0] * 3


def test_every_share_is_handed_over_also_in_a_short_training(tmp_path: Path) -> None:
    trying = Run(tmp_path, small_settings(), "grouped", 2)
    trying(views(2), total=3, shares=(0.1, 0.4, 0.95))
    assert sorted(share for _, share in trying.trained) == [0.1, 0.1, 0.4, 0.4, 0.95, 0.95, 1, 1]


def test_a_full_disk_costs_the_checkpoint_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Snapshots, "write", full)
    trying = Run(tmp_path, small_settings(), "grouped", 2)
    trying.is_time = lambda: True
    found = trying(views(2), total=3)
    assert set(found) == {"job-0", "job-1"}
    assert "no space left" in trying.warnings[0]
