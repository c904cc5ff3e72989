"""What every explaining stage looks at: the same networks, images and latents."""

from pathlib import Path

import pytest
import torch
from torch import nn

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan
from ganatomy.metrics import evaluator_file
from tasks.shared.artifact_paths import EVALUATOR, GAN, PREPARED
from tasks.shared.samples import fake_latents, load_subjects, real_examples, real_images
from tests.tasks.explained import CPU, NUM_HELD_OUT, make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("samples"))


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    return project


def _write_test_split(folder: Path, labels: list[int], names: tuple[str, ...]) -> None:
    """Images of which number k is all of grey level k."""
    levels = torch.arange(len(labels), dtype=torch.uint8)[:, None, None, None]
    data = Dataset(levels.expand(-1, 1, 28, 28).clone(), torch.tensor(labels), names)
    data.save(folder / PREPARED, "test")


def _levels(data: Dataset) -> list[int]:
    return data.images[:, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 0, 0, 1, 1, 2], [0, 3, 5, 1, 4, 2]),
        ([2, 1, 0, 2, 1, 0], [2, 1, 0, 5, 4, 3]),
        ([UNLABELLED] * 4, [0, 1, 2, 3]),
        ([UNLABELLED, 0, UNLABELLED, 0, 1], [0, 1, 4, 2, 3]),
    ],
)
def test_examples_come_one_class_after_the_other(
    labels: list[int], expected: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _write_test_split(tmp_path, labels, ("a", "b", "c"))
    found = real_examples(99)
    assert _levels(found) == expected
    assert found.labels.tolist() == [labels[k] for k in expected]
    assert _levels(real_examples(3)) == expected[:3]  # more of them begin with the same ones
    images = real_images(3)
    assert images.shape == (3, 1, 28, 28)
    torch.testing.assert_close(images[:, 0, 0, 0], torch.tensor(expected[:3]) / 127.5 - 1)


def test_real_and_fake_are_as_many_and_belong_together(here: Path) -> None:
    samples = load_subjects(7, 0, CPU)
    gan = load_gan(here / GAN, CPU)
    evaluator, names = evaluator_file.load(here / EVALUATOR, CPU)
    assert len(samples.real) == len(samples.fake) == len(samples.z) == 7
    assert samples.class_names == names == tuple("0123456789")
    with torch.no_grad():
        torch.testing.assert_close(samples.fake, gan.generator_ema(samples.z))
        seen = evaluator(samples.fake).argmax(1)
    assert samples.fake_labels.tolist() == seen.tolist()
    assert sorted(samples.real_labels.tolist()) == sorted(set(samples.real_labels.tolist()))
    torch.testing.assert_close(samples.real, real_images(7))


def test_there_are_no_more_reals_than_were_held_out(here: Path) -> None:
    samples = load_subjects(NUM_HELD_OUT + 10, 0, CPU)
    assert len(samples.real) == len(samples.real_labels) == NUM_HELD_OUT
    assert len(samples.fake) == len(samples.z) == len(samples.fake_labels) == NUM_HELD_OUT + 10


def test_latents_depend_on_the_seed_and_held_out_images_do_not(here: Path) -> None:
    first, again, other = (load_subjects(5, seed, CPU) for seed in (0, 0, 1))
    torch.testing.assert_close(first.z, again.z, rtol=0, atol=0)
    torch.testing.assert_close(first.fake, again.fake, rtol=0, atol=0)
    assert (first.z - other.z).abs().min() > 0
    torch.testing.assert_close(first.real, other.real, rtol=0, atol=0)


def test_latents_of_a_conditional_generator_end_in_one_class() -> None:
    z = fake_latents(50, Architecture(28, 1, 5, 4, num_classes=3), 0)
    assert z.shape == (50, 8)
    assert set(z[:, 5:].unique().tolist()) == {0.0, 1.0}
    assert (z[:, 5:].sum(1) == 1).all()
    assert (z[:, 5:].sum(0) > 5).all()
    assert 0.8 < float(z[:, :5].std()) < 1.2


def test_layers_are_the_convolutions(here: Path) -> None:
    samples = load_subjects(2, 0, CPU)
    for network, layers in (
        (samples.discriminator, samples.d_layers),
        (samples.generator, samples.g_layers),
    ):
        expected = [
            name
            for name, layer in network.named_modules()
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        ]
        assert list(layers.convolutions) == expected
        assert layers.left_out == {}
    assert samples.d_layers.wide == samples.d_layers.convolutions
    assert (
        samples.g_layers.wide == samples.g_layers.convolutions[:-1]
    )  # the last makes the only channel


def test_means_are_by_the_names_of_classes(here: Path) -> None:
    samples = load_subjects(NUM_HELD_OUT, 0, CPU)
    maps = torch.randn(NUM_HELD_OUT, 28, 28, generator=torch.Generator().manual_seed(0))
    found, images = samples.by_class(maps, samples.real_labels), samples.mean_images()
    there = sorted(set(samples.real_labels.tolist()))
    assert list(found) == list(images) == [str(label) for label in there]
    for label in there:
        own = samples.real_labels == label
        torch.testing.assert_close(found[str(label)], maps[own].abs().mean(0))
        torch.testing.assert_close(images[str(label)], samples.real[own].mean(0))


def test_data_without_classes_has_one_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The evaluator tells rotations apart: these are no classes of the fakes."""
    monkeypatch.chdir(make_project(tmp_path, labelled=False))
    samples = load_subjects(6, 0, CPU)
    assert samples.class_names == ()
    assert samples.real_labels.tolist() == samples.fake_labels.tolist() == [UNLABELLED] * 6
    maps = torch.ones(6, 28, 28)
    assert list(samples.by_class(maps, samples.fake_labels)) == ["all"]
    assert list(samples.mean_images()) == ["all"]
