"""A watched training: equal to the last bit after any break, and guarded."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ganatomy.data.images import to_uint8
from ganatomy.gan import session as module
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.gan.session import (
    History,
    Interrupted,
    Monitoring,
    Point,
    SessionCallbacks,
    run_session,
)
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.snapshots import Snapshots
from ganatomy.gan.state import begin
from ganatomy.gan.training import Diverged, architecture_for
from tests.unit.conftest import MakeDataset
from tests.unit.gan.small import PLAIN

CPU = torch.device("cpu")
MONITORING = Monitoring(
    measure_every=2, probe_kimg=0.012, publish="best"
)  # a probe every 3 steps of 4 images
METHODS = {
    "the default": Method(),
    "classic": PLAIN,
    "all of it": replace(
        PLAIN,
        spectral_norm=True,
        loss="relativistic",
        r1=1.0,
        gradient_penalty=1.0,
        penalty_every=2,
        augment=("translation", "cutout"),
        n_dis=2,
        schedule="cosine",
        warmup=0.2,
        conditional=True,
    ),
}


class _Run:
    """One process's life: trains in `folder`, and can be told when to break off."""

    def __init__(
        self, folder: Path, data: Any, method: Method, monitoring: Monitoring = MONITORING
    ) -> None:
        self.snapshots = Snapshots(folder, 2)
        self.data, self.monitoring = data, monitoring
        self.settings = TrainingSettings(
            epochs=6,
            batch_size=4,
            latent_dim=5,
            width=4,
            learning_rate=1e-3,
            ema_decay=0.9,
            method=method,
        )
        self.scores = {0: 9.0, 3: 5.0, 6: 4.0, 9: 6.0, 12: 7.0, 15: 8.0, 18: 8.0}
        self.warnings: list[str] = []
        self.told: list[Point] = []
        self.steps: list[int] = []
        self.stop_at = -1
        self.kill_at = -1

    def go(self) -> tuple[Gan, History, int]:
        architecture = architecture_for(self.data.images, self.settings, 3)
        return run_session(
            begin(architecture, self.settings, 0, device=CPU),
            self.data.images,
            self.data.labels,
            settings=self.settings,
            seed=0,
            monitoring=self.monitoring,
            snapshots=self.snapshots,
            callbacks=SessionCallbacks(
                self._probe,
                self._on_step,
                self.told.extend,
                self.warnings.append,
                lambda: bool(self.steps) and self.steps[-1] + 1 == self.stop_at,
            ),
        )

    def _probe(self, gan: Gan, step: int) -> tuple[dict[str, float], float]:
        total = float(sum(p.double().abs().sum() for p in gan.generator_ema.parameters()))
        return {"weight": total, "diversity": 1.0}, self.scores.get(step, 8.0)

    def _on_step(self, done: int, total: int) -> None:
        if done == self.kill_at:
            raise SystemExit("as kill -9 would: nothing is written")
        self.steps.append(done)


def _digest(gan: Gan) -> str:
    found = hashlib.sha256()
    for name in ("generator", "discriminator", "generator_ema"):
        for key, value in sorted(getattr(gan, name).state_dict().items()):
            found.update(key.encode() + value.contiguous().numpy().tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("how", ["kill_at", "stop_at"])
@pytest.mark.parametrize("publish", ["best", "last"])
def test_broken_off_and_resumed_is_equal_to_the_last_bit(
    name: str, how: str, publish: str, tmp_path: Path, make_dataset: MakeDataset
) -> None:
    data, method = make_dataset(13), METHODS[name]
    monitoring = Monitoring(2, MONITORING.probe_kimg, publish)
    whole = _Run(tmp_path / "whole", data, method, monitoring)
    expected = whole.go()
    broken = _Run(tmp_path / "broken", data, method, monitoring)
    setattr(broken, how, 8 if method.n_dis == 1 else 4)
    with pytest.raises((Interrupted, SystemExit)):
        broken.go()
    torch.manual_seed(99)  # another process: its global generator is elsewhere
    resumed = _Run(tmp_path / "broken", data, method, monitoring)
    found = resumed.go()
    assert resumed.warnings[0].startswith("goes on from step")
    assert 1 < resumed.steps[0] <= 9
    assert _digest(found[0]) == _digest(expected[0])
    assert found[1].to_json() == expected[1].to_json()
    assert found[2] == expected[2]
    assert resumed.told == whole.told


def test_stopping_writes_the_very_step(tmp_path: Path, make_dataset: MakeDataset) -> None:
    run = _Run(tmp_path, make_dataset(13), PLAIN)
    run.stop_at = 8
    with pytest.raises(Interrupted, match="asked to end at step 8 of 18"):
        run.go()
    assert run.snapshots.all()[-1].step == 8


def test_the_best_is_published(tmp_path: Path, make_dataset: MakeDataset) -> None:
    data = make_dataset(13)
    gan, history, step = _Run(tmp_path / "best", data, PLAIN).go()
    assert step == 6
    early = _Run(tmp_path / "early", data, PLAIN)
    early.settings = TrainingSettings(
        epochs=2,
        batch_size=4,
        latent_dim=5,
        width=4,
        learning_rate=1e-3,
        ema_decay=0.9,
        method=PLAIN,
    )  # six steps in all
    early.monitoring = Monitoring(2, MONITORING.probe_kimg, "last")
    assert _digest(early.go()[0]) == _digest(gan)
    assert not gan.discriminator.training
    assert history.points[-1][0] == 18  # what came after it is told all the same


def test_the_untrained_networks_are_never_published(
    tmp_path: Path, make_dataset: MakeDataset
) -> None:
    run = _Run(tmp_path, make_dataset(13), PLAIN)
    run.scores[0] = 1.0  # better than all that follow
    gan, history, step = run.go()
    assert step == 6  # the best of those
    assert [finding.guard for finding in history.findings] == ["no_gain"]
    assert run.warnings == [history.findings[0].text]
    untrained = begin(gan.architecture, run.settings, 0, device=CPU).gan
    assert _digest(untrained) != _digest(gan)


def test_nor_when_no_later_checkpoint_could_be_written(
    tmp_path: Path, make_dataset: MakeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _Run(tmp_path, make_dataset(13), PLAIN)
    write = run.snapshots.write

    def full_after_the_first(state: Any, *rest: Any) -> None:
        if state.step > 0:
            raise OSError(28, "No space left on device")
        write(state, *rest)

    monkeypatch.setattr(run.snapshots, "write", full_after_the_first)
    assert run.go()[2] == 18


def test_a_training_without_steps_publishes_what_there_is(
    tmp_path: Path, make_dataset: MakeDataset
) -> None:
    run = _Run(tmp_path, make_dataset(13), replace(PLAIN, n_dis=20))  # 18 batches are not 20
    gan, history, step = run.go()
    assert step == 0
    assert history.findings == []
    assert _digest(gan) == _digest(begin(gan.architecture, run.settings, 0, device=CPU).gan)


def _styled(name: str, folder: Path) -> tuple[list[float], History, int]:
    """Bright spots at random places, learned by a style-based G: diversity at each probe."""
    draw = torch.Generator().manual_seed(0)
    centres = torch.rand(512, 2, generator=draw) * 10 + 3
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    far = (rows - centres[:, :1, None]) ** 2 + (columns - centres[:, 1:, None]) ** 2
    images = (255 * torch.exp(-far / 8)).to(torch.uint8)[:, None]
    module = "tests.unit.gan.networks.styled"
    method = Method(
        generator=f"{module}:{name}",
        discriminator=f"{module}:Discriminator",
        penalty_every=4,
        schedule="constant",
    )
    settings = TrainingSettings(
        epochs=8,
        batch_size=16,
        latent_dim=8,
        width=16,
        learning_rate=2e-3,
        ema_decay=0.9,
        method=method,
    )
    architecture = architecture_for(images, settings, 0)
    z, seen = latents(64, architecture, 0, "test"), []

    def probe(gan: Gan, _step: int) -> tuple[dict[str, float], float]:
        fakes = to_uint8(generate(gan.generator_ema, z))
        seen.append(float(fakes.double().std(0).mean() / images.double().std(0).mean()))
        far = fakes.double().mean(0) - images.double().mean(0)
        return {"diversity": seen[-1]}, float(far.abs().mean())

    callbacks = SessionCallbacks(
        probe, lambda *_: None, lambda _: None, lambda _: None, lambda: False
    )
    state = begin(architecture, settings, 0, device=CPU)
    monitoring = Monitoring(10, 0.4, "best")
    _, history, step = run_session(
        state,
        images,
        None,
        settings=settings,
        seed=0,
        monitoring=monitoring,
        snapshots=Snapshots(folder, 2),
        callbacks=callbacks,
    )
    return seen, history, step


def test_a_style_based_generator_learns_from_its_own_first_weights(tmp_path: Path) -> None:
    seen, history, step = _styled("Generator", tmp_path)
    assert 0.5 < seen[-1] < 1.5
    assert history.findings == []
    assert step > 0


def test_drawn_anew_it_does_not_move_and_that_is_found(tmp_path: Path) -> None:
    seen, history, step = _styled("Redrawn", tmp_path)
    assert seen[0] == 0
    assert max(seen) < 0.1
    assert "standstill" in [finding.guard for finding in history.findings]
    assert step > 0


def test_a_generator_whose_weights_stay_is_found(tmp_path: Path, make_dataset: MakeDataset) -> None:
    run = _Run(tmp_path, make_dataset(13), PLAIN)
    run.settings = TrainingSettings(
        epochs=6,
        batch_size=4,
        latent_dim=5,
        width=4,
        learning_rate=1e-9,
        ema_decay=0.9,
        method=PLAIN,
    )
    _, history, _ = run.go()
    (finding,) = history.findings
    assert finding.guard == "standstill"
    assert "weights of G" in finding.text
    assert "weights of D" in finding.text
    assert finding.step == 3


def test_probes_come_at_the_start_every_so_many_images_and_at_the_end(
    tmp_path: Path, make_dataset: MakeDataset
) -> None:
    run = _Run(tmp_path, make_dataset(13), PLAIN, Monitoring(2, 0.016, "last"))
    _, history, _ = run.go()
    probed = [step for step, name, _ in history.points if name == "weight"]
    assert probed == [0, 4, 8, 12, 16, 18]
    measured = [step for step, name, _ in history.points if name == "d_loss"]
    assert measured == list(range(2, 19, 2))


@pytest.mark.parametrize(
    ("num_images", "kimg", "n_dis"),
    [(13, 0.016, 1), (13, 0.012, 1), (13, 0.001, 1), (13, 9.0, 1), (12, 0.012, 2), (13, 0.02, 2)],
)
def test_steps_of_the_probes_can_be_told_before(
    num_images: int, kimg: float, n_dis: int, tmp_path: Path, make_dataset: MakeDataset
) -> None:
    """Who remembers some of them must know where they will be: `train` copies these GANs."""
    monitoring = Monitoring(2, kimg, "last")
    run = _Run(tmp_path, make_dataset(num_images), replace(PLAIN, n_dis=n_dis), monitoring)
    expected = monitoring.probe_steps(num_images, run.settings)
    _, history, _ = run.go()
    probed = [step for step, name, _ in history.points if name == "weight"]
    assert probed == expected
    assert expected[0] == 0
    assert expected[-1] == 6 * (num_images // 4) // n_dis
    assert expected == sorted(set(expected))


def test_divergence_names_the_last_good_checkpoint(
    tmp_path: Path, make_dataset: MakeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _Run(tmp_path, make_dataset(13), PLAIN)
    train = module.train

    def poisoned(state: Any, *rest: Any, on_step: Any, **named: Any) -> None:
        def spoil(state: Any, total: int, values: Any) -> None:
            if state.step == 7:
                state.gan.generator.project.weight.data[0, 0] = float("nan")
            on_step(state, total, values)

        train(state, *rest, on_step=spoil, **named)

    monkeypatch.setattr(module, "train", poisoned)
    with pytest.raises(Diverged, match=r"at step 8.*last good checkpoint is .*step-000000006"):
        run.go()
    assert [snapshot.step for snapshot in run.snapshots.all()] == [3, 6]


def test_a_checkpoint_that_cannot_be_written_is_told_and_training_goes_on(
    tmp_path: Path, make_dataset: MakeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_dataset(13)
    expected = _Run(tmp_path / "good", data, PLAIN, Monitoring(2, 0.012, "last")).go()
    run = _Run(tmp_path / "full", data, PLAIN, Monitoring(2, 0.012, "last"))
    write = run.snapshots.write

    def full_after_six(state: Any, *rest: Any) -> None:
        if state.step > 6:
            raise OSError(28, "No space left on device")
        write(state, *rest)

    monkeypatch.setattr(run.snapshots, "write", full_after_six)
    found = run.go()
    assert _digest(found[0]) == _digest(expected[0])
    assert run.snapshots.all()[-1].step == 6
    assert all("No space left" in text for text in run.warnings)
    assert len(run.warnings) == 4


def test_findings_are_told_and_kept(tmp_path: Path, make_dataset: MakeDataset) -> None:
    run = _Run(tmp_path, make_dataset(13), PLAIN)
    probe = run._probe
    run._probe = lambda gan, step: ({**probe(gan, step)[0], "diversity": 0.01}, -step)  # type: ignore[method-assign]
    _, history, _ = run.go()
    assert [finding.guard for finding in history.findings] == ["collapse"]
    assert run.warnings == [history.findings[0].text]
