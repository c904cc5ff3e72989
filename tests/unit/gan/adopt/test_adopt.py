"""GANs that others have written: loaded, spoken to in our terms, refused in one sentence."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.adopt.adopted import Adopted, adopt
from ganatomy.gan.adopt.networks import own_latents
from ganatomy.gan.adopt.port import Latent
from ganatomy.gan.adopt.reading import read_port
from tests.unit.gan.adopt.foreign import SIZE, Discriminator, Generator, Squashed

HERE = "tests.unit.gan.adopt.foreign"
LATENT = {"dim": 8, "shape": "map"}


def _generator(**own: Any) -> dict[str, Any]:
    return {"build": f"{HERE}:Generator", "output": 1, "range": "[0, 255]", "order": "BGR", **own}


def _discriminator(**own: Any) -> dict[str, Any]:
    how = {"output": "real", "range": [0, 1], "probability": True}
    return {"build": f"{HERE}:Discriminator", **how, **own}


def _adopted(folder: Path, **parts: Any) -> Adopted:
    return adopt(read_port(parts, "my-gan.yaml", folder))


def _state(network: nn.Module) -> dict[str, torch.Tensor]:
    """Weights that no constructor gives."""
    draw = torch.Generator().manual_seed(5)
    state = network.state_dict()
    return {
        name: torch.rand(each.shape, generator=draw) - (0.0 if "var" in name else 0.4)
        if each.is_floating_point()
        else each
        for name, each in state.items()
    }


def _kept(network: nn.Module, state: dict[str, torch.Tensor]) -> nn.Module:
    network.load_state_dict(state)
    return network.eval()


def _write_plain(path: Path, state: dict[str, torch.Tensor]) -> dict[str, Any]:
    torch.save(state, path)
    return {}


def _write_deep(path: Path, state: dict[str, torch.Tensor]) -> dict[str, Any]:
    torch.save({"epoch": 3, "nets": {"g_ema": {f"module.{k}": v for k, v in state.items()}}}, path)
    return {"key": "nets.g_ema", "prefix": "module."}


def _write_safe(path: Path, state: dict[str, torch.Tensor]) -> dict[str, Any]:
    save_file({f"G.module.{name}": each for name, each in state.items()}, path)
    return {"key": "G", "prefix": "module."}


Write = Callable[[Path, dict[str, torch.Tensor]], dict[str, Any]]
FILES: list[tuple[str, Write]] = [
    ("g.pt", _write_plain),
    ("g.tar", _write_deep),
    ("g.safetensors", _write_safe),
]


@pytest.mark.parametrize(("name", "write"), FILES)
def test_a_generator_speaks_in_our_terms(tmp_path: Path, name: str, write: Write) -> None:
    """Against the author's network, called as its author calls it."""
    state = _state(Generator())
    how = write(tmp_path / name, {key: each.clone() for key, each in state.items()})
    adopted = _adopted(tmp_path, generator=_generator(weights=name, **how), latent=LATENT)
    assert adopted.generator is not None
    assert adopted.discriminator is None
    z = adopted.latents(5, 0, "test")
    _, theirs = _kept(Generator(), state)(z[:, :, None, None])
    torch.testing.assert_close(adopted.generator(z), theirs.flip(1) / 127.5 - 1)
    assert adopted.notes == ()


@pytest.mark.parametrize("network", [Discriminator, Squashed])
def test_a_discriminator_gives_one_logit_for_each_image(
    tmp_path: Path, network: type[Discriminator]
) -> None:
    state = _state(Discriminator())
    torch.save(state, tmp_path / "d.pth")
    given = _discriminator(build=f"{HERE}:{network.__name__}", weights="d.pth")
    adopted = _adopted(tmp_path, discriminator=given)
    assert adopted.discriminator is not None
    images = 2 * torch.rand(4, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) - 1
    theirs = _kept(Discriminator(), state)((images + 1) / 2)["real"].double()
    expected = (theirs / (1 - theirs)).log().mean((1, 2, 3)).float()
    torch.testing.assert_close(adopted.discriminator(images), expected, rtol=1e-3, atol=1e-4)
    first = _adopted(tmp_path, discriminator={**given, "heads": "first"}).discriminator
    assert first is not None
    corner = theirs[:, 0, 0, 0]
    torch.testing.assert_close(
        first(images), (corner / (1 - corner)).log().float(), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("patch", [SIZE, SIZE // 4])
def test_a_discriminator_that_squeezes_its_answer_is_asked_of_one_image(
    tmp_path: Path, patch: int
) -> None:
    given = {"build": f"{HERE}:Squeezed", "arguments": {"patch": patch}}
    discriminator = _adopted(tmp_path, discriminator=given).discriminator
    assert discriminator is not None
    images = torch.rand(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    one_by_one = torch.cat([discriminator(images[i : i + 1]) for i in range(3)])
    main = discriminator.network.main  # type: ignore[union-attr]
    expected = nn.functional.conv2d(images, main.weight, main.bias, patch).mean((1, 2, 3))
    torch.testing.assert_close(one_by_one, expected)
    torch.testing.assert_close(discriminator(images), expected)


def test_one_number_for_several_images_is_refused_in_one_sentence(tmp_path: Path) -> None:
    given = {"build": f"{HERE}:Meant", "arguments": {"patch": SIZE}}
    discriminator = _adopted(tmp_path, discriminator=given).discriminator
    assert discriminator is not None
    with pytest.raises(InputError, match=r"it returns shape \(\) for 2 images"):
        discriminator(torch.zeros(2, 3, SIZE, SIZE))


def test_mean_and_std_are_those_of_images_between_0_and_1(tmp_path: Path) -> None:
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
    given = {"build": "torch.nn:Flatten", "mean": mean, "std": std, "heads": "first"}
    adopted = _adopted(tmp_path, discriminator=given)
    assert adopted.discriminator is not None
    images = torch.rand(2, 3, 2, 2) * 2 - 1
    expected = ((images[:, 0, 0, 0] + 1) / 2 - 0.4) / 0.2
    torch.testing.assert_close(adopted.discriminator(images), expected)


@pytest.mark.parametrize("classes", ["index", "one-hot"])
def test_classes_are_told_as_the_generator_takes_them(tmp_path: Path, classes: str) -> None:
    given = {"build": f"{HERE}:Classed", "arguments": {"one_hot": classes == "one-hot"}}
    latent = {"dim": 2, "num_classes": 7, "classes": classes}
    adopted = _adopted(tmp_path, generator=given, latent=latent)
    assert adopted.generator is not None
    z = adopted.latents(40, 0)
    assert z.shape == (40, 9)
    assert set(z[:, 2:].argmax(1).tolist()) == set(range(7))
    images = adopted.generator(z)
    torch.testing.assert_close(images[:, 0, 0, 0], z[:, 2:].argmax(1) / 10)


def test_noise_is_the_same_at_each_call_and_leaves_the_callers_alone(tmp_path: Path) -> None:
    given = {"build": f"{HERE}:Noisy"}
    one, two = (
        _adopted(tmp_path, generator=given, latent={"dim": 2}, seed=seed).generator
        for seed in (0, 1)
    )
    assert one is not None
    assert two is not None
    z = torch.zeros(3, 2)
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    assert torch.equal(one(z), one(z))
    assert not torch.equal(one(z), two(z))
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("kind", ["script", "export"])
def test_a_program_needs_no_class(tmp_path: Path, kind: str) -> None:
    network = _kept(Generator(), _state(Generator())).main
    z = torch.randn(4, 8, 1, 1)
    if kind == "script":
        torch.jit.save(torch.jit.trace(network, z), tmp_path / "g.pt")
    else:
        shapes = ({0: torch.export.Dim("n")},)
        torch.export.save(
            torch.export.export(network, (z,), dynamic_shapes=shapes), tmp_path / "g.pt"
        )
    adopted = _adopted(tmp_path, generator={"file": "g.pt", "range": [0, 1]}, latent=LATENT)
    assert adopted.generator is not None
    images = adopted.generator(z[:3, :, 0, 0])
    torch.testing.assert_close(images, 2 * network(z[:3]) - 1)


def test_latents_are_drawn_as_they_are_distributed() -> None:
    def draw(**how: Any) -> torch.Tensor:
        z = torch.randn(400, 50, generator=torch.Generator().manual_seed(0))
        return own_latents(Latent(50, **how), z)

    uniform, truncated = draw(distribution="uniform"), draw(distribution="truncated", truncation=1)
    assert float(uniform.abs().max()) <= 1
    assert float(uniform.var()) == pytest.approx(1 / 3, abs=0.01)
    assert float(truncated.abs().max()) <= 1
    assert float(truncated.var()) == pytest.approx(0.2911, abs=0.01)  # of a normal cut at 1
    assert float(draw().var()) == pytest.approx(1, abs=0.03)


class Hostile:
    """Says that it was unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return exec, ("import builtins; builtins.was_run = True",)


@pytest.mark.parametrize("kind", ["torch", "pickle"])
def test_nothing_is_unpickled(tmp_path: Path, kind: str) -> None:
    import builtins

    if kind == "torch":
        torch.save({"g_ema": Hostile()}, tmp_path / "g.pt")
    else:
        (tmp_path / "g.pt").write_bytes(pickle.dumps({"g_ema": Hostile()}))
    with pytest.raises(InputError, match=r"\[generator\]"):
        _adopted(tmp_path, generator=_generator(weights="g.pt"), latent=LATENT)
    assert not hasattr(builtins, "was_run")


def test_a_pickled_module_is_refused_with_the_way_out(tmp_path: Path) -> None:
    torch.save(Generator(), tmp_path / "g.pt")
    with pytest.raises(InputError, match=r"g.pt holds more than tensors.*convert-help"):
        _adopted(tmp_path, generator=_generator(weights="g.pt"), latent=LATENT)


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({}, r"neither generator nor discriminator \[my-gan.yaml\]"),
    ({"generator": _generator()}, r"latent: a generator without latent"),
    ({"discriminator": _discriminator(), "latent": LATENT}, "latent without a generator"),
    ({"generater": _generator()}, r"unknown key 'generater'.*Did you mean `generator`\?"),
    ({"generator": _generator(weight="x"), "latent": LATENT}, "Did you mean `weights`"),
    ({"generator": 3, "latent": LATENT}, "generator: a int"),
    ({"generator": {"range": [0, 1]}, "latent": LATENT}, "neither build nor file"),
    ({"generator": _generator(build="mine"), "latent": LATENT}, "'mine' has no colon"),
    ({"generator": _generator(build="no_such:G"), "latent": LATENT}, "no module 'no_such'"),
    ({"generator": _generator(build=f"{HERE}:Gen"), "latent": LATENT}, "has no 'Gen'.*Generator"),
    ({"generator": _generator(build=f"{HERE}:fails"), "latent": LATENT}, "raised TypeError"),
    ({"generator": _generator(build=f"{HERE}:no_network"), "latent": LATENT}, "gave a int"),
    ({"generator": _generator(weights="no.pt"), "latent": LATENT}, "there is no file no.pt"),
    ({"generator": _generator(weights="no_such:w"), "latent": LATENT}, "no package 'no_such'"),
    ({"generator": _generator(range="[0, 2]"), "latent": LATENT}, r"generator.range: \[0, 2\]"),
    ({"generator": _generator(order="GBR"), "latent": LATENT}, "Use RGB, BGR"),
    ({"generator": _generator(mean=0.5), "latent": LATENT}, "beside mean and std"),
    ({"generator": _generator(), "latent": {"dim": 0}}, "latent.dim: 0"),
    ({"generator": _generator(), "latent": {"dim": 8, "classes": "index"}}, "0 classes"),
    ({"generator": _generator(), "latent": {"dim": 8, "shape": "flat"}}, "Use vector, map"),
    ({"generator": _generator(), "latent": LATENT, "seed": -1}, "seed: -1"),
    ({"generator": _generator(file="g.pt"), "latent": LATENT}, "there is no file g.pt"),
    ({"discriminator": _discriminator(probability=1)}, "discriminator.probability: 1"),
]


@pytest.mark.parametrize(("parts", "words"), FAULTS)
def test_what_is_wrong_in_the_file_is_one_sentence(
    tmp_path: Path, parts: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words) as failed:
        _adopted(tmp_path, **parts)
    assert "\n" not in str(failed.value)


def _renamed(state: dict[str, torch.Tensor], old: str, new: str) -> dict[str, torch.Tensor]:
    return {name.replace(old, new): each for name, each in state.items()}


@pytest.mark.parametrize(
    ("content", "how", "words"),
    [
        (lambda s: _renamed(s, "main.0.weight", "main.0.kernel"), {}, "main.0.weight; .*nearest"),
        (lambda s: _renamed(s, "main", "module.main"), {}, r"`prefix: module.`"),
        (lambda s: {"ema": s, "step": 2}, {}, "`key` names one of: ema"),
        (lambda s: {"ema": s}, {"key": "g_ema"}, "has no 'g_ema'.*It has: ema"),
        (lambda s: s, {"prefix": "module."}, "no tensor of g.pt begins with 'module.'"),
        (lambda s: [1, 2], {}, "holds a list"),
        (lambda s: s, {"arguments": {"nz": 9}}, r"main.0.weight has shape \(8, .*\(9, "),
    ],
)
def test_weights_that_do_not_fit_are_named(
    tmp_path: Path, content: Callable[[Any], Any], how: dict[str, Any], words: str
) -> None:
    torch.save(content(_state(Generator())), tmp_path / "g.pt")
    with pytest.raises(InputError, match=words):
        _adopted(tmp_path, generator=_generator(weights="g.pt", **how), latent=LATENT)


def test_what_the_network_has_no_place_for_is_told(tmp_path: Path) -> None:
    state = {**_state(Generator()), "optimiser.lr": torch.ones(1)}
    del state["main.1.num_batches_tracked"]
    torch.save(state, tmp_path / "g.pt")
    adopted = _adopted(tmp_path, generator=_generator(weights="g.pt"), latent=LATENT)
    (note,) = adopted.notes
    assert note == "the file has weights that the generator has no place for: optimiser.lr"


@pytest.mark.parametrize(
    ("output", "words"),
    [([], "a tuple of .*not a tensor.*`output: 0`"), (5, "has no 5"), ("x", "has no 'x'")],
)
def test_what_is_meant_of_the_output_must_be_there(
    tmp_path: Path, output: object, words: str
) -> None:
    adopted = _adopted(tmp_path, generator=_generator(output=output), latent=LATENT)
    assert adopted.generator is not None
    with pytest.raises(InputError, match=words):
        adopted.generator(adopted.latents(2, 0))
