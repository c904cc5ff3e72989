"""Every channel kept: opacity, two bands, sixteen; or refused in words where that cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from ganatomy.data.card import describe
from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Feature, known
from ganatomy.data.images import contact_sheet, in_colours, to_float
from ganatomy.data.pixel_values import image_file
from ganatomy.data.prepare import Prepared, to_channels
from ganatomy.data.resizing import resize
from ganatomy.data.sources import fetch
from ganatomy.data.value_words import warnings_of
from ganatomy.errors import InputError
from ganatomy.facade.folders import images_of
from ganatomy.gan.settings import RETRAINING
from ganatomy.gan.training import train_gan
from ganatomy.metrics.evaluator import train_evaluator
from ganatomy.metrics.inception import inception_features
from ganatomy.report.figures.small_multiples import multiples
from tests.unit.data.deep_files import tiff_of
from tests.unit.data.raws import both, raw_arrays, raw_files, run_prepare, save


def _noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _found(prepared: Prepared) -> list[NDArray[np.uint8]]:
    """The images in the order of their labels, each of shape (h, w, c)."""
    labels = torch.cat([prepared.train.labels, prepared.test.labels])
    images: list[NDArray[np.uint8]] = list(
        both(prepared)[labels.argsort()].permute(0, 2, 3, 1).numpy()
    )
    return images


# ---- of pictures ----


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_opacity_is_kept_as_a_channel(mode: str, tmp_path: Path) -> None:
    given = [_noise(28, 28, len(mode)), _noise(28, 28, len(mode))[::-1].copy()]
    paths = [
        save(Image.fromarray(pixels, mode), tmp_path / f"{k}.png") for k, pixels in enumerate(given)
    ]
    prepared = run_prepare(raw_files(*paths, labels=[0, 1]), channels="all")
    for image, pixels in zip(_found(prepared), given):
        np.testing.assert_array_equal(image, pixels)
    assert prepared.values is not None
    assert "opacity is a channel" in warnings_of(prepared.values.card())[0]


def test_pictures_without_an_opacity_are_opaque_among_others(tmp_path: Path) -> None:
    clear = _noise(28, 28, 4)
    paths = [
        save(Image.fromarray(clear), tmp_path / "clear.png"),
        save(Image.fromarray(clear[..., :3]), tmp_path / "colour.png"),
        save(Image.fromarray(clear[..., 0]), tmp_path / "grey.png"),
        save(Image.fromarray(clear[..., :3]).convert("CMYK"), tmp_path / "print.tif"),
    ]
    found = _found(run_prepare(raw_files(*paths, labels=[0, 1, 2, 3]), channels="all"))
    assert {image.shape for image in found} == {(28, 28, 4)}
    np.testing.assert_array_equal(found[1][..., :3], clear[..., :3])
    np.testing.assert_array_equal(found[2][..., :3], clear[..., [0, 0, 0]])
    assert all((image[..., 3] == 255).all() for image in found[1:])


@pytest.mark.parametrize(("mode", "count"), [("L", 1), ("RGB", 3), ("RGBA", 3), ("P", 3)])
def test_what_says_nothing_is_no_channel(mode: str, count: int, tmp_path: Path) -> None:
    image = Image.fromarray(_noise(28, 28, 3)).convert(mode)  # opaque, all of it
    path = save(image, tmp_path / "a.png")
    assert both(run_prepare(raw_files(path, path), channels="all")).shape[1] == count


def test_a_frame_is_transparent(tmp_path: Path) -> None:
    clear = np.full((10, 20, 4), 200, dtype=np.uint8)
    path = save(Image.fromarray(clear), tmp_path / "a.png")
    image = _found(run_prepare(raw_files(path, path), 20, channels="all", fit="pad"))[0]
    assert (image[:5, :, -1] == 0).all()
    assert (image[5:15, :, -1] == 200).all()


def test_bands_that_the_decoder_drops_are_not_dropped_unsaid(tmp_path: Path) -> None:
    path = tmp_path / "five.tif"
    path.write_bytes(tiff_of(_noise(28, 28, 5)))
    with pytest.raises(InputError, match=r"5 channels, of which 4 can be read: give arrays"):
        run_prepare(raw_files(path, path), channels="all")


# ---- of arrays ----


@pytest.mark.parametrize("count", [2, 5, 8, 16])
@pytest.mark.parametrize("first", [True, False])
def test_arrays_of_any_channels_go_all_the_way(count: int, first: bool, tmp_path: Path) -> None:
    given = _noise(6, 30, 40, count)
    np.save(tmp_path / "bands.npy", np.moveaxis(given, -1, 1) if first else given)
    (tmp_path / "kept").mkdir()
    raw = fetch(
        "image-folder",
        tmp_path / "bands.npy",
        0,
        retries=0,
        warn=lambda text: None,
        into=tmp_path / "kept",
    )
    images = both(run_prepare(raw, (30, 40), channels="all")).permute(0, 2, 3, 1).numpy()
    assert sorted(image.tobytes() for image in images) == sorted(image.tobytes() for image in given)
    smaller = both(run_prepare(raw, 28, channels="all")).permute(0, 2, 3, 1).numpy()
    expected = {resize(image, (28, 28), "crop").tobytes() for image in given}
    assert {image.tobytes() for image in smaller} == expected
    with pytest.raises(InputError, match=f"{count} channels: `channels=all` keeps them"):
        run_prepare(raw, 28)


def test_bands_of_twelve_bits_have_one_window(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 4096, (4, 28, 28, 6), dtype=np.uint16)
    deep[0, 0, 0, 0] = 4095
    paths = []
    for k, each in enumerate(deep):
        paths.append(tmp_path / f"{k}.npy")
        paths[-1].write_bytes(image_file(each))
    found = _found(run_prepare(raw_files(*paths, labels=[0, 1, 2, 3]), channels="all"))
    np.testing.assert_array_equal(np.stack(found), deep >> 4)


def test_another_number_of_channels_goes_to_quarantine(tmp_path: Path) -> None:
    paths = []
    for k, count in enumerate((6, 6, 7)):
        paths.append(tmp_path / f"{k}.npy")
        paths[-1].write_bytes(image_file(_noise(28, 28, count)))
    paths.append(save(Image.fromarray(_noise(28, 28, 3)), tmp_path / "3.png"))
    prepared = run_prepare(raw_files(*paths), channels="all")
    assert [entry["file"] for entry in prepared.quarantine] == ["2.npy", "3.png"]
    assert "6 channels" in prepared.quarantine[1]["reason"]


def test_a_pickled_array_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "0.npy"
    np.save(path, np.array([[[{}]]], dtype=object), allow_pickle=True)
    good = tmp_path / "1.npy"
    good.write_bytes(image_file(_noise(28, 28, 6)))
    prepared = run_prepare(raw_files(path, good, good), channels="all")
    assert [entry["file"] for entry in prepared.quarantine] == ["0.npy"]


@pytest.mark.parametrize("channels", [0, 1, 3])
def test_bands_are_no_colours(channels: int) -> None:
    images = torch.zeros(4, 5, 28, 28, dtype=torch.uint8)
    with pytest.raises(InputError, match="images of 5 channels"):
        to_channels(images, channels)
    assert both(run_prepare(raw_arrays(images), channels="all")).shape[1] == 5


# ---- what becomes of them ----


def _bands(count: int) -> Dataset:
    images = torch.from_numpy(_noise(12, count, 16, 16))
    return Dataset(images, torch.zeros(12, dtype=torch.int64))


@pytest.mark.parametrize(("count", "channels"), [(1, 0), (2, 2), (3, 0), (4, 4), (7, 7)])
def test_each_channel_is_a_feature_where_they_are_no_colours(count: int, channels: int) -> None:
    features = known(_bands(count))
    named = [name for name in features if name.startswith("channel_")]
    assert named == [f"channel_{k}" for k in range(channels)]
    assert ("hue" in features) == (count == 3)


def test_a_channel_that_is_removed_is_its_mean_and_the_others_stay() -> None:
    data = _bands(5)
    feature = known(data)["channel_3"]
    assert isinstance(feature, Feature)
    images = to_float(data.images)
    removed = feature.change(images, "remove", 0)
    others = [0, 1, 2, 4]
    assert torch.equal(removed[:, others], images[:, others])
    mean = images[:, 3].double().mean().float()
    torch.testing.assert_close(removed[:, 3], mean.expand(12, 16, 16), atol=1e-5, rtol=0)
    measured = feature.measure(images)
    torch.testing.assert_close(measured, images[:, 3].mean((1, 2)))
    permuted = feature.change(images, "permute", 0)
    order = [int((images[:, 3] == each).all(-1).all(-1).nonzero()) for each in permuted[:, 3]]
    assert sorted(order) == [*range(12)] != order
    assert torch.equal(permuted[:, others], images[:, others])


@pytest.mark.parametrize("count", [2, 4, 7])
def test_every_feature_takes_any_channels(count: int) -> None:
    data = _bands(count)
    for feature in known(data).values():
        if isinstance(feature, Feature):
            for mode in feature.modes:
                after = feature.change(to_float(data.images), mode, 0)
                assert after.shape == data.images.shape
    assert describe(data)["channels"] == count


@pytest.mark.parametrize("count", [1, 2, 3, 4, 16])
def test_pictures_show_three_channels_or_one(count: int) -> None:
    images = torch.from_numpy(_noise(2, count, 8, 8))
    shown = images[:, :3] if count > 2 else images[:, [0, 0, 0]]
    sheet = contact_sheet(images, 2, 0, scale=1)
    expected = torch.cat([shown[0], shown[1]], 2).permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(sheet, expected)
    assert in_colours(images).shape[1] == (3 if count > 2 else 1)
    assert multiples([("a", "b", images)]).shape[2] == 3


def test_metrics_that_need_colours_say_so(tmp_path: Path) -> None:
    images = torch.zeros(2, 4, 8, 8, dtype=torch.uint8)
    with pytest.raises(InputError, match="Inception's numbers need grey or RGB"):
        inception_features(images, tmp_path / "none.pth", torch.device("cpu"))


def test_images_for_a_gan_of_four_channels_keep_their_opacity(tmp_path: Path) -> None:
    for k in range(3):
        save(Image.fromarray(_noise(20, 20, 4)), tmp_path / f"{k}.png")

    def read(channels: int) -> torch.Tensor:
        return images_of(
            tmp_path,
            size=16,
            channels=channels,
            count=0,
            where="images",
            fewest=2,
            warn=lambda text: None,
        )

    assert read(4).shape == (3, 4, 16, 16)
    assert read(3).shape == (3, 3, 16, 16)
    with pytest.raises(InputError, match="images of 4 channels"):
        read(6)


@pytest.mark.parametrize("count", [2, 5])
def test_a_gan_and_an_evaluator_learn_any_channels(count: int) -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (16, count, 28, 28), generator=draw, dtype=torch.uint8)
    settings = replace(RETRAINING, epochs=1, batch_size=8, latent_dim=4, width=4)
    gan = train_gan(images, settings, seed=0)
    fakes = gan.generator_ema(torch.zeros(2, 4))
    assert fakes.shape == (2, count, 28, 28)
    evaluator = train_evaluator(
        Dataset(images, torch.zeros(16, dtype=torch.int64)),
        2,
        1,
        batch_size=8,
        seed=0,
        device=torch.device("cpu"),
        progress=lambda done, total: None,
    )
    assert evaluator.features(fakes).shape == (2, 8)
