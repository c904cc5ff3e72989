"""Networks, images and surroundings that nobody thought of when `explain` was written."""

import random
import threading
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.facade.explain import explain
from tests.unit.facade.networks import COUNT, FAST, discriminator, generator, images


class Around(nn.Module):
    """A usual discriminator with something of one's own around it."""

    def __init__(self, run: Callable[[nn.Module, torch.Tensor], object]) -> None:
        super().__init__()
        self.body, self.run = discriminator(), run

    def forward(self, given: torch.Tensor) -> object:
        return self.run(self.body, given)


class Standing(nn.Module):
    """With a minibatch's standard deviation as a further channel (Karras et al. 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 6, 4, 2, 1), nn.Linear(7 * 64, 1)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        found = self.first(given).relu()
        spread = found.std(0, unbiased=False).mean().expand(len(found), 1, 8, 8)
        scores: torch.Tensor = self.last(torch.cat([found, spread], 1).flatten(1))
        return scores


def _noisy(body: nn.Module, given: torch.Tensor) -> object:
    return body(given + 0.3 * torch.randn_like(given))


# ---- what is said of odd networks ----


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (
            discriminator(1, nn.Flatten(), nn.Linear(128, 1), nn.Sigmoid()),
            "ends in a sigmoid.*without its last layer",
        ),
        (Around(_noisy), "draws random numbers"),
        (Standing(), "depends on the others in its batch"),
        (
            discriminator(1, nn.BatchNorm2d(8, track_running_stats=False), nn.Conv2d(8, 1, 4)),
            "depends on the others in its batch",
        ),
    ],
)
def test_an_odd_discriminator_is_explained_with_a_warning(network: nn.Module, words: str) -> None:
    with pytest.warns(UserWarning, match=words):
        found = explain(network, images(), num_samples=FAST)
    assert len(found.notes) == 1
    assert found.words()[0].startswith("The discriminator")


def test_warnings_point_at_the_line_that_called() -> None:
    import ganatomy

    network = discriminator(1, nn.Flatten(), nn.Linear(128, 1), nn.Sigmoid())
    for call in (ganatomy.explain, explain):
        with pytest.warns(UserWarning, match="sigmoid") as told:
            call(network, images(), num_samples=FAST)
        assert Path(told[0].filename) == Path(__file__)


def test_an_image_that_lime_cannot_explain_has_the_reason_in_words() -> None:
    given = images()
    given[1] = 0.5
    with pytest.warns(UserWarning, match="LIME has no map of 1 of 5 images: .*equals its baseline"):
        found = explain(discriminator(), given, num_samples=FAST)
    assert [bool(reason) for reason in found.of_d.reasons["lime"]] == [False, True, *[False] * 3]
    left_out = found.trust().table.set_index("method")["refused"]
    assert left_out["lime"].startswith("1 of 5 maps mean nothing: ")
    assert left_out["hirescam 2"] == ""
    assert f"lime: {left_out['lime']}." in found.trust().words()
    assert left_out["lime"] in found.trust()._repr_html_()


def test_generated_images_in_0_to_1_are_told() -> None:
    network = nn.Sequential(*generator()[:-1], nn.Sigmoid())
    with pytest.warns(UserWarning, match=r"generator's images .* \[0, 1\]"):
        explain(
            discriminator(),
            images(),
            generator=network,
            latents=torch.randn(3, 4),
            num_samples=FAST,
        )


# ---- what is refused ----


def _raise(body: nn.Module, given: torch.Tensor) -> object:
    raise AssertionError("my own words\nand more")


def _in_place(body: nn.Module, given: torch.Tensor) -> object:
    return body(given.mul_(0.5))


def _detached(body: nn.Module, given: torch.Tensor) -> object:
    return body(given).detach()


class Conditional(Around):
    def forward(self, given: torch.Tensor, classes: torch.Tensor) -> object:  # type: ignore[override]
        return self.body(given) * classes


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Around(_raise), "AssertionError: my own words [discriminator]"),
        (Around(_in_place), "it writes into the images"),
        (Around(_detached), "no gradient"),
        (Conditional(_raise), "its forward asks for given, classes"),
    ],
)
def test_a_discriminator_that_cannot_be_explained_is_refused(
    network: nn.Module, words: str
) -> None:
    given = images()
    with pytest.raises(InputError) as error:
        explain(network, given, num_samples=FAST)
    assert error.value.where == "discriminator"
    assert words in str(error.value)
    assert torch.equal(given, images())


def test_the_users_own_error_stays_the_cause() -> None:
    with pytest.raises(InputError) as error:
        explain(Around(_raise), images())
    assert isinstance(error.value.__cause__, AssertionError)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"layers": "0"}, "layers"),
        ({"methods": "gradcam"}, "methods"),
        ({"num_samples": 200.0}, "num_samples"),
        ({"num_samples": 10}, "num_samples"),
        ({"seed": None}, "seed"),
        ({"baseline": "white"}, "baseline"),
        ({"baseline": "marginal"}, "reals"),
        ({"baseline": "marginal", "reals": images(count=1)}, "reals"),
        ({"generator": lambda z: z, "latents": torch.zeros(2, 4)}, "generator"),
        ({"generator": generator(), "latents": torch.zeros(2, 5)}, "generator"),
        ({"generator": generator(), "latents": torch.zeros(0, 4)}, "latents"),
        ({"generator": generator(), "latents": np.zeros((2, 4))}, "latents"),
        ({"generator": generator(), "latents": torch.full((2, 4), torch.nan)}, "latents"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(given: dict[str, object], where: str) -> None:
    with pytest.raises(InputError) as error:
        explain(discriminator(), images(count=1), **{"num_samples": FAST, **given})  # type: ignore[arg-type]
    assert error.value.where == where, error.value


# ---- what is taken ----


def test_latents_as_transposed_convolutions_take_them() -> None:
    """(n, d, 1, 1): no images whose channels are last."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.ConvTranspose2d(4, 128, 1), nn.Flatten(), *generator()[1:])
    z = torch.randn(3, 4, 1, 1)
    given = {"latents": z.double(), "num_samples": FAST}
    found = explain(discriminator(), images(), generator=network, **given)  # type: ignore[arg-type]
    assert found.of_g is not None
    assert found.notes == ()
    assert not any(any(reasons) for reasons in found.of_g.reasons.values())
    with torch.no_grad():
        expected = discriminator().eval()(network.eval()(z)).flatten()
    torch.testing.assert_close(found.of_g.scores, expected)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision(kind: torch.dtype) -> None:
    found = explain(discriminator().to(kind), images(), num_samples=FAST)
    assert all(bool(maps.isfinite().all()) for maps in found.of_d.maps.values())
    assert found.notes == ()


def test_scripted_networks_have_the_maps_that_need_no_hooks() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = torch.jit.script(discriminator().eval())
        found = explain(network, images(), num_samples=FAST)
        expected = explain(discriminator(), images(), num_samples=FAST)
    assert set(found.of_d.maps) == {"lime", "integrated gradients", "occlusion"}
    for name, maps in found.of_d.maps.items():
        torch.testing.assert_close(maps, expected.of_d.maps[name])


def test_inference_mode_changes_nothing() -> None:
    network = discriminator()
    expected = explain(network, images(), num_samples=FAST).of_d.maps
    with torch.inference_mode():
        found = explain(network, images(), num_samples=FAST).of_d.maps
    for name, maps in found.items():
        torch.testing.assert_close(maps, expected[name], rtol=0, atol=0)


def test_images_that_require_a_gradient_are_taken_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explain(discriminator(), images().requires_grad_(), num_samples=FAST)


@pytest.mark.parametrize("channels", [2, 4])
def test_images_of_any_number_of_channels_are_drawn(channels: int) -> None:
    found = explain(discriminator(channels), images(channels), num_samples=FAST)
    assert found.pictures()["D"].startswith(b"\x89PNG")


def test_squares_and_windows_of_oblong_images_are_alike() -> None:
    """One window of occlusion is one segment of LIME, whichever side is the longer."""
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Flatten(), nn.Linear(4 * 8 * 24, 1))
    for shape in ((8, 24), (24, 8)):
        given = torch.rand(2, 1, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        maps = explain(network, given, num_samples=FAST).of_d.maps
        blocks = [maps[name][0].unfold(0, 3, 3).unfold(1, 3, 3) for name in ("lime", "occlusion")]
        for block in blocks:
            assert torch.equal(block.amin((2, 3)), block.amax((2, 3)))


# ---- the same as elsewhere ----


def test_lime_is_the_pipelines_by_default() -> None:
    """What is shown in a notebook is what the page of the same GAN shows."""
    network, given = discriminator(), images()
    found = explain(network, given, reals=given).of_d.maps["lime"]
    subjects = Subjects.of(generator(), network, real=given, z=torch.randn(3, 4))
    case = explain_by_lime(subjects, num_images=COUNT, num_seeds=2).cases["d_real"]
    torch.testing.assert_close(found[case.rows], case.maps)


# ---- what is left behind ----


def test_chance_comes_from_the_seed_alone_and_goes_on_as_before() -> None:
    network = Around(_noisy)
    found = []
    for start in (1, 2):
        torch.manual_seed(start)
        np.random.seed(start)
        random.seed(start)
        before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # type: ignore[index,union-attr]
        with pytest.warns(UserWarning, match="random"):
            found.append(explain(network, images(), num_samples=FAST))
        found[-1].trust()
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])  # type: ignore[index]
        assert random.getstate() == before[2]
    for name, maps in found[0].of_d.maps.items():
        assert torch.equal(maps, found[1].of_d.maps[name])
    assert found[0].trust().table.equals(found[1].trust().table)


def test_what_is_kept_is_the_users_no_longer() -> None:
    given, reals = images(), images(seed=1)
    found = explain(discriminator(), given, reals=reals, num_samples=FAST)
    given.zero_()
    reals.zero_()
    assert torch.equal(found.of_d.images, images())
    assert torch.equal(found.asked.images, images())
    assert found.asked.reals is not None
    assert torch.equal(found.asked.reals, images(seed=1))


def test_an_interrupt_leaves_the_network_as_it_was() -> None:
    passes = iter(range(30))

    def stop(body: nn.Module, given: torch.Tensor) -> object:
        if next(passes) == 12:
            raise KeyboardInterrupt
        return body(given)

    network = Around(stop).train()
    with pytest.raises(KeyboardInterrupt):
        explain(network, images(), num_samples=FAST)
    assert all(module.training and not module._forward_hooks for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_threads_wait_for_each_other() -> None:
    """All passes of one thread come before the first of another."""
    inside: list[int] = []
    network = discriminator().train()
    network.register_forward_pre_hook(lambda *_: inside.append(threading.get_ident()))
    threads = [
        threading.Thread(
            target=explain,
            args=(network, images(count=2)),
            kwargs={"num_samples": FAST, "layers": ["0"]},
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    changes = sum(one != other for one, other in pairwise(inside))
    assert changes == len(threads) - 1
    assert all(module.training for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())


# ---- while it works, and afterwards ----


def test_progress_is_told_to_who_asks() -> None:
    told: list[tuple[int, int, str]] = []
    found = explain(
        discriminator(), images(), num_samples=FAST, on_progress=lambda *each: told.append(each)
    )
    assert told[-1] == (COUNT * FAST, COUNT * FAST, "perturbed images")
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    told.clear()
    found.trust()
    assert [(done, total) for done, total, _ in told] == [(each, 9) for each in range(1, 10)]
    assert told[0][2] == "maps of D"


def test_a_prompt_shows_what_can_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    found = explain(discriminator(), images(count=1), num_samples=FAST)
    assert repr(found).startswith("<Explanation of 1 image: show(), trust(), save(")
    assert "logit of 1 image is" in found.words()[-1]
    assert repr(found.trust()).splitlines() == list(found.trust().words())
    assert "by 1 image" in found.trust().words()[0]


@pytest.mark.parametrize("path", ["", ".", "there", "file/page.html", "/proc/none/page.html"])
def test_a_page_that_cannot_be_written_is_refused_before_anything_is_tested(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    tests: list[object] = []
    found = explain(
        discriminator(), images(), num_samples=FAST, on_progress=lambda *each: tests.append(each)
    )
    tests.clear()
    with pytest.raises(InputError) as error:
        found.save(path)
    assert error.value.where == "path"
    assert not tests
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "there"]
