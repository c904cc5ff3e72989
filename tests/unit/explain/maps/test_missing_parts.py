"""The study of maps of a GAN of which parts were not given."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from ganatomy.data.features.regions import Cell, MaskRegion
from ganatomy.errors import InputError
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.explain.networks.measures import MEASURES, measures_for
from ganatomy.explain.networks.named import usual_targets
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Chain, Target, measured
from tests.unit.damaged import leaves_nothing_behind, refuses_damage

HEIGHT, WIDTH = 10, 14  # neither square nor a multiple of the grid
QUICK = {"num_images": 3, "num_ablated": 6, "num_random": 3}


def _generator(channels: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(5, 6 * 5 * 7),
        nn.Unflatten(1, (6, 5, 7)),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 8, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, channels, 3, padding=1),
        nn.Tanh(),
    )


def _discriminator(channels: int = 3) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(6 * HEIGHT * WIDTH, 1),
    )


def _images(count: int, channels: int = 3) -> torch.Tensor:
    return torch.rand(count, channels, HEIGHT, WIDTH) * 2 - 1


@pytest.fixture(scope="module")
def alone() -> Subjects:
    torch.manual_seed(0)
    return Subjects.of(_generator(), None, z=torch.randn(8, 5))


@pytest.fixture(scope="module")
def of_g(alone: Subjects) -> MapsStudy:
    return explain_by_maps(alone, **QUICK)  # type: ignore[arg-type]


def test_a_generator_alone_is_asked_for_what_can_be_measured(
    of_g: MapsStudy, alone: Subjects
) -> None:
    assert of_g.cases == {}
    assert of_g.num_layers == {"G": 2}
    assert of_g.comparison is None
    assert of_g.film == ()
    assert of_g.asked is not None
    assert tuple(of_g.asked.maps) == usual_targets(3)
    torch.testing.assert_close(of_g.fakes, alone.fake[:3])
    assert set(of_g.left_out) == {"discriminator"}
    assert "no discriminator was given, so" in of_g.left_out["discriminator"]
    assert of_g.verdict().count("No discriminator was given") == 1
    assert "D's" not in of_g.verdict()
    assert "num_layers_d" not in of_g.metrics()


def test_its_maps_are_gradient_times_activation_of_what_is_measured(
    of_g: MapsStudy, alone: Subjects
) -> None:
    """By hand, of the mean over a cell of an image whose sides the grid does not divide."""
    network = alone.generator
    assert isinstance(network, nn.Sequential)
    activation = network[:4](alone.z).detach().requires_grad_()
    images = network[4:](activation)
    cell = images[:, :, 10 * 2 // 4 : 10 * 3 // 4, 14 // 4 : 14 * 2 // 4]
    (gradient,) = torch.autograd.grad(cell.mean((1, 2, 3)).sum(), activation, retain_graph=True)
    assert of_g.asked is not None
    found = of_g.asked.maps["region(cell_2_1)"]
    expected = (gradient * activation).sum(1).detach()[:3]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(
        of_g.asked.scores["region(cell_2_1)"], cell.mean((1, 2, 3)).detach()[:3]
    )
    (gradient,) = torch.autograd.grad(images.flatten(1).std(1, correction=0).sum(), activation)
    expected = (gradient * activation).sum(1).detach()[:3]
    torch.testing.assert_close(of_g.asked.maps["contrast"], expected, rtol=1e-4, atol=1e-7)


def test_the_channels_credited_are_taken_away_by_hand(alone: Subjects) -> None:
    """The causal check of a target of G, derived from the network's two halves."""
    study = explain_by_maps(alone, targets=["brightness"], num_ablated=8, num_random=4)
    assert set(study.causal["target"]) == {"brightness"}
    assert set(study.causal["layer"]) == {"G 3"}
    network = alone.generator
    assert isinstance(network, nn.Sequential)
    activation = network[:4](alone.z).detach().requires_grad_()
    before = network[4:](activation).mean((1, 2, 3))
    (gradient,) = torch.autograd.grad(before.sum(), activation)
    credit = gradient.mean((2, 3)) * activation.sum((2, 3))
    top = credit.argsort(1, descending=True)[:, :2]
    kept = torch.ones(8, 8).scatter(1, top, 0)[:, :, None, None]
    drop = before - network[4:](activation * kept).mean((1, 2, 3))
    row = study.causal.set_index("k").loc[2]
    assert row["drop_top"] == pytest.approx(float(drop.detach().mean()), abs=1e-6)
    assert row["passes"] == (row["low"] > 0)


def test_units_are_read_by_what_is_measured(of_g: MapsStudy, alone: Subjects) -> None:
    table = of_g.carriers.dissection
    assert table is not None
    assert set(table["concept"]) == set(usual_targets(3))
    network = alone.generator
    assert isinstance(network, nn.Sequential)
    # the slope by hand: of a unit of the last wide layer, on brightness
    row = table[(table["layer"] == "3") & (table["concept"] == "brightness")].iloc[0]
    z = alone.z[:6]
    activation = network[:4](z).detach()
    unit = int(row["unit"])
    held = activation.clone()
    held[:, unit] = activation[:, unit].mean()
    before = network[4:](activation).mean((1, 2, 3)).detach()
    change = before - network[4:](held).mean((1, 2, 3)).detach()
    x = activation[:, unit].mean((1, 2))
    x, y = x - x.mean(), change - change.mean()
    slope = float((x * y).sum() / (x**2).sum()) * float(x.std() / before.std())
    assert row["effect"] == pytest.approx(slope, rel=1e-3)


def test_regions_asked_for_are_read_from_units_too(alone: Subjects) -> None:
    study = explain_by_maps(alone, targets=["region(cell_0_3)"], **QUICK)  # type: ignore[arg-type]
    assert study.carriers.dissection is not None
    read = set(study.carriers.dissection["concept"])
    assert read == {*measures_for(3), "region(cell_0_3)"}


def test_further_targets_are_found_within_their_network(alone: Subjects) -> None:
    weights = torch.randn(3 * HEIGHT * WIDTH)
    head = nn.Flatten()
    chain = Chain(first=nn.Identity(), theirs=alone.generator, head=head)
    further = {
        "along u": Target("along u", chain, lambda z: chain(z) @ weights),
        "red": measured(alone.generator, "red"),
    }
    study = explain_by_maps(alone, further=further, **QUICK)  # type: ignore[arg-type]
    assert study.asked is not None
    assert list(study.asked.maps) == ["along u", "red"]
    assert set(study.causal["target"]) == {"along u", "red"}
    network = alone.generator
    assert isinstance(network, nn.Sequential)
    activation = network[:4](alone.z[:3]).detach().requires_grad_()
    scores = network[4:](activation).flatten(1) @ weights
    (gradient,) = torch.autograd.grad(scores.sum(), activation)
    expected = (gradient * activation).sum(1).detach()
    torch.testing.assert_close(study.asked.maps["along u"], expected, rtol=1e-4, atol=1e-5)
    other = {"other": measured(_generator(), "brightness")}
    with pytest.raises(InputError, match="does not run through the generator") as error:
        explain_by_maps(alone, further=other)
    assert error.value.where == "further"


def test_a_discriminator_alone_looks_at_what_there_is() -> None:
    torch.manual_seed(0)
    network, real, fake = _discriminator(), _images(7), _images(6)
    both = explain_by_maps(Subjects.of(None, network, real=real, fake=fake), **QUICK)  # type: ignore[arg-type]
    assert list(both.cases) == ["d_real", "d_fake", "difference"]
    assert set(both.left_out) == {"generator"}
    assert both.asked is None
    assert both.carriers.dissection is None
    assert set(both.causal["layer"]) == {"D 0"}
    assert both.num_layers == {"D": 1}
    of_reals = explain_by_maps(Subjects.of(None, network, real=real), **QUICK)  # type: ignore[arg-type]
    assert list(of_reals.cases) == ["d_real"]
    assert set(of_reals.left_out) == {"generator", "fake"}
    assert "G's" not in of_reals.verdict()
    of_fakes = explain_by_maps(Subjects.of(None, network, fake=fake), **QUICK)  # type: ignore[arg-type]
    assert list(of_fakes.cases) == ["d_fake"]
    assert set(of_fakes.causal["layer"]) == {"D 0"}
    for case in ("d_real", "d_fake"):
        study = {"d_real": of_reals, "d_fake": of_fakes}[case]
        torch.testing.assert_close(both.cases[case].maps, study.cases[case].maps)


def test_without_real_images_the_two_networks_are_still_compared() -> None:
    torch.manual_seed(0)
    subjects = Subjects.of(_generator(), _discriminator(), z=torch.randn(6, 5))
    study = explain_by_maps(subjects, **QUICK)  # type: ignore[arg-type]
    assert list(study.cases) == ["d_fake", "g_fake"]
    assert set(study.left_out) == {"real"}
    assert study.comparison is not None
    assert list(study.class_means.images) == ["all"]
    torch.testing.assert_close(study.class_means.images["all"], subjects.fake.mean(0))
    assert set(study.causal["layer"]) == {"D 0", "G 3"}
    assert "target" not in study.causal


@pytest.mark.parametrize("given", ["G", "D", "D and fakes", "G and D"])
def test_what_is_saved_of_a_part_is_loaded(given: str, alone: Subjects, tmp_path: Path) -> None:
    torch.manual_seed(0)
    subjects = {
        "G": alone,
        "D": Subjects.of(None, _discriminator(), real=_images(4)),
        "D and fakes": Subjects.of(None, _discriminator(), fake=_images(4)),
        "G and D": Subjects.of(alone.generator, _discriminator(), z=alone.z),
    }[given]
    study = explain_by_maps(subjects, **QUICK)  # type: ignore[arg-type]
    study.save(tmp_path)
    found = MapsStudy.load(tmp_path)
    assert found.verdict() == study.verdict()
    assert found.metrics() == pytest.approx(study.metrics())
    assert list(found.cases) == list(study.cases)
    assert found.left_out == study.left_out
    assert found.g_layers == study.g_layers == subjects.g_layers.convolutions
    assert torch.equal(found.fakes.flatten(), study.fakes.flatten())
    pd.testing.assert_frame_equal(found.causal, study.causal)


def test_damage_to_a_result_of_g_alone_is_refused(of_g: MapsStudy, tmp_path: Path) -> None:
    refused = refuses_damage(of_g, MapsStudy.load, tmp_path)
    assert {
        "maps.json lacks left_out",
        "maps.json lacks g_layers",
        "fakes.safetensors lacks images",
    } < {*refused}


def test_a_part_saved_over_a_whole_leaves_nothing_of_it(of_g: MapsStudy, tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = Subjects.of(_generator(), _discriminator(), real=_images(4), z=torch.randn(5, 5))
    more = explain_by_maps(whole, **QUICK)  # type: ignore[arg-type]
    leaves_nothing_behind(more, of_g, tmp_path)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_channels_that_are_no_colours(channels: int) -> None:
    torch.manual_seed(0)
    subjects = Subjects.of(_generator(channels), None, z=torch.randn(5, 5))
    study = explain_by_maps(subjects, **QUICK)  # type: ignore[arg-type]
    assert study.asked is not None
    assert not {"red", "saturation"} & set(study.asked.maps)
    with pytest.raises(InputError, match="have no red") as error:
        explain_by_maps(subjects, targets=["red"])
    assert error.value.where == "targets"


def test_d_logit_is_no_target_without_d(alone: Subjects) -> None:
    said: list[str] = []
    targets = ["d_logit", "class", "brightness"]
    study = explain_by_maps(alone, targets=targets, on_warning=said.append, **QUICK)  # type: ignore[arg-type]
    assert study.asked is not None
    assert list(study.asked.maps) == ["brightness"]
    assert said == [
        "d_logit is left out: no discriminator was given",
        "class is left out: no evaluator was given",
    ]


def test_measures_by_hand() -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.rand(4, 3, 6, 5, generator=draw, dtype=torch.float64) * 2 - 1
    pixels = images.numpy()
    for index, name in enumerate(("red", "green", "blue")):
        expected = pixels[:, index].mean((1, 2)) - pixels.mean((1, 2, 3))
        torch.testing.assert_close(MEASURES[name](images), torch.from_numpy(expected))
    torch.testing.assert_close(
        MEASURES["contrast"](images), torch.from_numpy(pixels.std((1, 2, 3)))
    )
    for name in measures_for(3):
        assert torch.autograd.gradcheck(MEASURES[name], images[:2].requires_grad_())
    still = torch.zeros(1, 3, 4, 4, requires_grad=True)
    MEASURES["contrast"](still).backward()
    assert still.grad is not None
    assert bool(still.grad.isfinite().all())


@pytest.mark.parametrize("size", [(9, 13), (16, 4), (7, 7)])
def test_cells_share_out_every_pixel_of_any_size(size: tuple[int, int]) -> None:
    masks = torch.stack([Cell(row, column).mask(size) for row in range(4) for column in range(4)])
    assert torch.equal(masks.sum(0), torch.ones(size, dtype=torch.int64))
    assert masks.flatten(1).any(1).all()
    assert masks[0, 0, 0]
    assert masks[3, 0, -1]
    assert masks[12, -1, 0]


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    pixels = torch.zeros(8, 8, dtype=torch.uint8)
    pixels[2:4, 2:4] = 255
    Image.fromarray(pixels.numpy()).save(tmp_path / "eye.png")
    region = MaskRegion(tmp_path / "eye.png", 8)
    assert int(region.mask((8, 8)).sum()) == 4
    with pytest.raises(InputError, match="drawn on 8 by 8 pixels, the images have 8 by 12"):
        region.mask((8, 12))
