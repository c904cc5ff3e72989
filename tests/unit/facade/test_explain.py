"""`explain` on a stranger's networks: what it takes, what it refuses, what it gives back."""

import hashlib
import io
import sys
import warnings
from collections.abc import Callable
from html import escape
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.targets import d_logit
from ganatomy.facade.explain import explain
from ganatomy.facade.explanation import Explanation
from tests.pages import unexplained
from tests.unit.facade.networks import COUNT, FAST, SIDE
from tests.unit.facade.networks import discriminator as _discriminator
from tests.unit.facade.networks import generator as _generator
from tests.unit.facade.networks import images as _images


@pytest.fixture(scope="module")
def found() -> Explanation:
    return explain(
        _discriminator(),
        _images(),
        reals=_images(seed=1),
        generator=_generator(),
        latents=torch.randn(3, 4, generator=torch.Generator().manual_seed(3)),
        num_samples=FAST,
    )


TAILS: dict[str, Callable[[], tuple[nn.Module, ...]]] = {
    "(n,)": lambda: (nn.Flatten(), nn.Linear(128, 1), nn.Flatten(0)),
    "(n, 1)": lambda: (nn.Flatten(), nn.Linear(128, 1)),
    "(n, 1, 1, 1)": lambda: (nn.Conv2d(8, 1, 4),),
}


@pytest.mark.parametrize("shape", TAILS)
def test_logits_of_every_usual_shape_are_explained(shape: str) -> None:
    network = _discriminator(1, *TAILS[shape]())
    found = explain(network, _images(), num_samples=FAST)
    with torch.no_grad():
        expected = network.eval()(_images()).reshape(COUNT)
    torch.testing.assert_close(found.of_d.scores, expected)
    assert all(maps.shape == (COUNT, SIDE, SIDE) for maps in found.of_d.maps.values())
    assert not any(any(reasons) for reasons in found.of_d.reasons.values())
    assert found.notes == ()


def test_of_a_patchgan_the_mean_is_explained_and_that_is_said() -> None:
    network = _discriminator(1, nn.Conv2d(8, 1, 2))
    with pytest.warns(UserWarning, match=r"3 x 3 logits for an image.*mean"):
        found = explain(network, _images(), num_samples=FAST)
    with torch.no_grad():
        expected = network.eval()(_images()).mean((1, 2, 3))
    torch.testing.assert_close(found.of_d.scores, expected)
    assert "their mean is what is explained" in found.words()[0]


def test_a_discriminator_that_squeezes_a_single_image_is_explained_all_the_same() -> None:
    class Squeezing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = _discriminator()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.body(images).squeeze()
            return found

    assert explain(Squeezing(), _images(count=1), num_samples=FAST).of_d.scores.shape == (1,)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colour(channels: int) -> None:
    """Of a linear network integrated gradients are weight times what hiding changes."""
    weights = torch.linspace(-1, 1, channels * SIDE**2)
    network = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(channels * SIDE**2, 1))
    with torch.no_grad():
        network[2].weight.copy_(weights)  # type: ignore[operator]
    images = _images(channels)
    reals = torch.full((1, channels, SIDE, SIDE), 0.25).requires_grad_(False) - 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = explain(network, images, reals=reals, baseline="marginal", num_samples=FAST)
    expected = (weights.view(1, channels, SIDE, SIDE) * (images + 0.25)).sum(1)
    torch.testing.assert_close(found.of_d.maps["integrated gradients"], expected)
    side = 2  # of the windows of occlusion, at 16 pixels
    window = expected[:, :side, :side].sum((1, 2))
    torch.testing.assert_close(found.of_d.maps["occlusion"][:, 0, 0], window, rtol=1e-4, atol=1e-4)


def test_class_activation_maps_are_of_the_last_layer_unless_others_are_named() -> None:
    network = _discriminator()
    assert {"gradcam 2", "hirescam 2"} <= set(explain(network, _images()).of_d.maps)
    named = explain(network, _images(), layers=["0"], methods=["layercam"], num_samples=FAST)
    assert set(named.of_d.maps) == {"layercam 0", "lime", "integrated gradients", "occlusion"}


@pytest.mark.parametrize("training", [True, False])
def test_networks_come_back_as_they_were(training: bool) -> None:
    """In train mode batch normalisation would count the passes, and its means would move."""
    networks = (_discriminator().train(training), _generator().train(training))
    before = [{name: each.clone() for name, each in net.state_dict().items()} for net in networks]
    found = explain(
        networks[0],
        _images(),
        generator=networks[1],
        latents=torch.randn(2, 4),
        num_samples=FAST,
    )
    found.trust()
    for network, state in zip(networks, before):
        assert all(module.training is training for module in network.modules())
        assert all(each.requires_grad and each.grad is None for each in network.parameters())
        torch.testing.assert_close(dict(network.state_dict()), state, rtol=0, atol=0)


def test_maps_of_g_are_of_the_whole_chain(found: Explanation) -> None:
    assert found.of_g is not None
    generator, discriminator = _generator().eval(), _discriminator().eval()
    z = torch.randn(3, 4, generator=torch.Generator().manual_seed(3))
    activation = generator[:3](z).detach().requires_grad_()
    images = generator[3:](activation)
    scores = discriminator(images).flatten()
    torch.testing.assert_close(found.of_g.images, images.detach())
    torch.testing.assert_close(found.of_g.scores, scores.detach())
    assert set(found.of_g.maps) == {"gradcam 2", "hirescam 2"}
    (gradient,) = torch.autograd.grad(scores.sum(), activation)
    small = (gradient * activation).sum(1, keepdim=True).detach()
    expected = nn.functional.interpolate(small, (SIDE, SIDE), mode="bilinear")[:, 0]
    torch.testing.assert_close(found.of_g.maps["hirescam 2"], expected, rtol=1e-3, atol=1e-6)


def test_real_images_are_told_beside_the_explained_ones(found: Explanation) -> None:
    with torch.no_grad():
        mean = float(_discriminator().eval()(_images(seed=1)).mean())
    assert f"of {COUNT} real images on average {mean:+.2f}" in " ".join(found.words())


def _refused(*args: object, **named: object) -> InputError:
    with pytest.raises(InputError) as error:
        explain(*args, **{"num_samples": FAST, **named})  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    return error.value


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ((_images() * 127.5 + 127.5).to(torch.uint8), ["uint8", "ganatomy.to_float"]),
        (_images() * 127.5 + 127.5, ["[0, 255]", "ganatomy.to_float"]),
        (_images() * 3, ["not in [-1, 1]"]),
        (_images()[0], ["(n, c, h, w)"]),
        (_images()[:0], ["n > 0"]),
        (_images().numpy(), ["ndarray", "torch.Tensor"]),
        (_images().log(), ["NaN"]),
        (_images(3), ["3 channels", "takes 1"]),
        (_images().permute(0, 2, 3, 1), ["channels last"]),
    ],
)
def test_wrong_images_are_refused_in_one_sentence(images: object, words: list[str]) -> None:
    error = _refused(_discriminator(), images)
    assert error.where == "images"
    assert all(word in str(error) for word in words), error


def test_reals_are_looked_at_as_well() -> None:
    assert _refused(_discriminator(), _images(), reals=_images() * 200).where == "reals"
    assert _refused(_discriminator(), _images(), reals=_images()[..., :8]).where == "reals"


def test_images_in_0_to_1_do_not_pass_without_complaint() -> None:
    with pytest.warns(UserWarning, match=r"they seem to be in \[0, 1\].*2 \* images - 1"):
        found = explain(_discriminator(), (_images() + 1) / 2, num_samples=FAST)
    assert "[0, 1]" in found.words()[0]


class _Pair(nn.Module):
    """As one with an auxiliary classifier: a logit, and classes."""

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return images.mean((1, 2, 3)), images.flatten(1)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (_discriminator(1, nn.Flatten(), nn.Linear(128, 2)), ["(2, 2)"]),
        (_discriminator(1, nn.Conv2d(8, 3, 4)), ["(2, 3, 1, 1)"]),
        (_Pair(), ["a tuple", "logits alone"]),
        (_discriminator(1, nn.Flatten(), nn.Linear(32, 1)), ["cannot take images of shape"]),
    ],
)
def test_a_discriminator_without_one_logit_for_an_image_is_refused(
    network: nn.Module, words: list[str]
) -> None:
    error = _refused(network, _images())
    assert error.where == "discriminator"
    assert all(word in str(error) for word in words), error


def test_other_arguments_are_named_too() -> None:
    network, images = _discriminator(), _images()
    assert _refused(network, images, layers=["2.weight"]).where == "layers"
    assert _refused(network, images, layers=["6"]).where == "layers"  # it returns no feature map
    assert _refused(network, images, methods=["cam"]).where == "methods"
    assert _refused(network, images, generator=_generator()).where == "latents"
    assert _refused(network, images, latents=torch.zeros(2, 4)).where == "generator"
    other = _refused(network, images, generator=_generator(3), latents=torch.zeros(2, 4))
    assert other.where == "generator"


def test_what_means_nothing_has_a_reason_in_place_of_a_map() -> None:
    network = _discriminator()
    with torch.no_grad():
        network[-1].weight.zero_()  # type: ignore[operator]
    found = explain(network, _images(), num_samples=FAST)
    assert [finding.guard for finding in found.findings] == ["constant"]
    assert all(all(reasons) for reasons in found.of_d.reasons.values())
    assert "for every image" in " ".join(found.words())
    assert not found.trust().table["trusted"].any()


def test_a_network_without_feature_maps_has_the_other_kinds() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 8), nn.Tanh(), nn.Linear(8, 1))
    with pytest.warns(UserWarning, match="no class activation maps"):
        found = explain(network, _images(), num_samples=FAST)
    assert set(found.of_d.maps) == {"lime", "integrated gradients", "occlusion"}


def test_doubles_are_explained_where_the_discriminator_has_them() -> None:
    found = explain(_discriminator().double(), _images(), num_samples=FAST)
    with torch.no_grad():
        expected = d_logit(_discriminator().eval()).values(_images())
    torch.testing.assert_close(found.of_d.scores, expected)


def test_the_same_seed_gives_the_same_maps() -> None:
    first, again, other = (
        explain(_discriminator(), _images(), num_samples=FAST, seed=seed).of_d.maps["lime"]
        for seed in (0, 0, 1)
    )
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert (first - other).abs().max() > 0


def test_a_notebook_shows_words_and_pictures(found: Explanation) -> None:
    html = found._repr_html_()
    assert all(escape(sentence) in html for sentence in found.words())
    assert html.count('src="data:image/png;base64,') == 2
    picture = np.asarray(Image.open(io.BytesIO(found._repr_png_())))
    assert min(picture.shape[:2]) > 100
    assert len(np.unique(picture)) > 20


def test_words_are_escaped_in_a_notebook(found: Explanation) -> None:
    hostile = Explanation(
        found.of_d, None, None, (), ("layer <script>alert(1)</script>",), found.asked
    )
    assert "<script>" not in hostile._repr_html_()


def test_show_goes_to_the_notebook_where_there_is_one(
    found: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []
    display = SimpleNamespace(display=shown.append)
    ipython = SimpleNamespace(get_ipython=lambda: object(), display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "IPython.display", display)  # type: ignore[arg-type]
    found.show()
    assert shown == [found]


def test_show_says_and_opens_where_there_is_none(
    found: Explanation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    opened: list[tuple[int, int]] = []
    monkeypatch.setattr(Image.Image, "show", lambda self: opened.append(self.size))
    found.show()
    assert capsys.readouterr().out.splitlines() == list(found.words())
    assert len(opened) == 2


def test_trust_is_a_table_and_words(found: Explanation) -> None:
    trust = found.trust()
    assert trust is found.trust()
    assert set(trust.table["method"]) == set(found.of_d.maps)
    passed = int(trust.table["trusted"].sum())
    assert trust.words()[0].startswith(f"{passed} of {len(found.of_d.maps)} kinds of map")
    assert len(trust.words()) == 1 + len(found.of_d.maps) - passed
    why = trust.table.set_index("method")["why"]
    for sentence in trust.words()[1:]:
        method, _, reason = sentence.partition(" cannot: ")
        assert reason == f"{why[method]}."
    for method in why.index:
        assert f"<td>{method}</td>" in trust._repr_html_()


def test_what_theory_leaves_no_doubt_about_is_trusted() -> None:
    """Of a linear network occlusion and integrated gradients rank pixels by what they do."""
    draw = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Flatten(), nn.Linear(4 * SIDE**2, 1))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=draw) / 10)
    images = torch.nn.functional.avg_pool2d(_images(count=24, seed=4), 3, 1, 1) * 2
    found = explain(network, images.clamp(-1, 1), num_samples=FAST)
    table = found.trust().table.set_index("method")
    assert table.loc["integrated gradients", "faithful"] == "pass"
    assert table.loc["integrated gradients", "sane"] == "pass"


def test_the_page_is_one_file_with_words_pictures_and_the_verdict(
    found: Explanation, tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "page.html"
    found.save(path, title="A <title>")
    html = unexplained(path.read_text())
    passed = int(found.trust().table["trusted"].sum())
    assert html.startswith("<!doctype html>")
    assert "<h1>A &lt;title&gt;</h1>" in html
    failing = passed < len(found.of_d.maps)
    assert html.count('src="data:image/webp') == 3 + bool(passed) + failing  # G, two charts, D
    assert ("none is shown here" in html) == (passed == 0)
    looks = html[html.index('<section id="explanation">') :].partition("</section>")[0]
    assert looks.count("<img") == bool(passed)
    assert found.trust().words()[0] in html
    answer = "Yes: there are maps that may be" if passed else "No: no map may be"
    assert f"<h2>{answer} relied on.</h2>" in html
    assert all(f"<code>{method}</code>" in html for method in found.of_d.maps)
    assert "http" not in html.replace("http-equiv", "")
    assert list(path.parent.iterdir()) == [path]


def test_pictures_for_which_the_page_has_no_room_lie_beside_it(
    found: Explanation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.html"
    found.save(path)
    limit = len(path.read_bytes()) - 100
    monkeypatch.setattr("ganatomy.report.page.MAX_BYTES", limit)
    found.save(path)
    assert len(path.read_bytes()) <= limit
    files = [file for file in (tmp_path / "page-figures").rglob("*") if file.is_file()]
    assert len(files) == 1
    assert f"<code>{files[0].relative_to(tmp_path).as_posix()}</code>" in path.read_text()
    assert hashlib.sha256(files[0].read_bytes()).hexdigest() in path.read_text()
