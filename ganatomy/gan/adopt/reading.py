"""Plain values, as a YAML file holds them, to a `Port`: each key checked, the nearest one named."""

import difflib
import importlib.resources
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from ganatomy.errors import InputError
from ganatomy.gan.adopt.port import (
    CLASSES_AS,
    DISTRIBUTIONS,
    ORDERS,
    RANGES,
    REDUCTIONS,
    SHAPES,
    SPACES,
    Images,
    Latent,
    Network,
    Port,
)
from ganatomy.gan.settings import LossName

_PORT = ("generator", "discriminator", "latent", "seed", "train", "reference")
_NETWORK = (
    *("build", "arguments", "weights", "key", "prefix", "file", "output", "heads"),
    *("probability", "range", "mean", "std", "order"),
)
_OF_WEIGHTS = ("weights", "key", "prefix", "file")
_OF_DISCRIMINATOR = (*_NETWORK, "loss")
_LOSSES = ("", *get_args(LossName))
_OF_W = ("mapping", "synthesis")
_LATENT = (
    *("dim", "shape", "distribution", "truncation", "num_classes", "classes", "space"),
    *_OF_W,
)


def read_port(values: Any, where: str, folder: Path) -> Port:
    """Make a port of plain values.

    Parameters
    ----------
    values : mapping
        ``generator`` and ``discriminator``, one of them or both, ``latent`` beside a generator,
        ``seed``.
    where : str
        The file, for messages.
    folder : Path
        What paths are relative to. ``package:file`` names a file of an installed package.

    Raises
    ------
    InputError
        An unknown key, a value of another type, or a file that is not there.
    """
    top = _Keys(values, where, "", _PORT)
    generator, discriminator = (
        _network(top.of(name, known), folder) if name in top.values else None
        for name, known in (("generator", _NETWORK), ("discriminator", _OF_DISCRIMINATOR))
    )
    if generator is None and discriminator is None:
        raise top.fault("", "neither generator nor discriminator", "Name one of them, or both.")
    if (generator is None) != ("latent" not in top.values):
        what = "latent without a generator" if generator is None else "a generator without latent"
        raise top.fault("latent", what, "Give both, or neither: `latent: {dim: 100}`.")
    latent = None if generator is None else _latent(top.of("latent", _LATENT))
    train = top.dotted("train")
    if train:
        _check_can_be_trained(generator, discriminator, top)
    reference, seed = top.path("reference", folder), top.whole("seed", 0)
    return Port(generator, discriminator, latent, seed, train, reference)


def without_weights(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of a port's plain values what says where weights are, and the reference batch.

    Examples
    --------
    >>> without_weights({"generator": {"build": "mine:G", "weights": "g.pt"}, "seed": 1})
    {'generator': {'build': 'mine:G'}, 'seed': 1}
    """
    kept = {key: each for key, each in values.items() if key != "reference"}  # it is asked once
    for name in ("generator", "discriminator"):
        if name in kept:
            kept[name] = {key: own for key, own in kept[name].items() if key not in _OF_WEIGHTS}
    return kept


def _check_can_be_trained(
    generator: Network | None, discriminator: Network | None, keys: "_Keys"
) -> None:
    """Refuse a training whose networks `build` could not make again."""
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if network is None or not network.build:
            what = f"no {name} to train" if network is None else f"the {name} is a program"
            remedy = "Give both networks by `build`, or leave out `train`."
            raise keys.fault("train", what, remedy)


def _network(keys: "_Keys", folder: Path) -> Network:
    build, program = keys.dotted("build"), keys.path("file", folder)
    if bool(build) == (program is not None):
        what = "both build and file" if build else "neither build nor file"
        raise keys.fault(
            "",
            what,
            "Give `build: module:name` of the class, with its weights, or `file`, a TorchScript or "
            "torch.export program.",
        )
    for name in ("arguments", "weights", "key", "prefix"):
        if program is not None and name in keys.values:
            raise keys.fault(name, "a program has none", f"Leave out `{name}`, or give `build`.")
    arguments = keys.values.get("arguments", {})
    if not isinstance(arguments, Mapping) or not all(isinstance(key, str) for key in arguments):
        raise keys.fault("arguments", f"{arguments!r}", "Give keyword arguments: `{nz: 100}`.")
    return Network(
        build=build,
        arguments=dict(arguments),
        weights=keys.path("weights", folder),
        key=tuple(part for part in keys.text("key").split(".") if part),
        prefix=keys.text("prefix"),
        program=program,
        output=_way(keys.values.get("output", ())),
        heads=keys.choice("heads", REDUCTIONS),
        probability=keys.flag("probability"),
        images=_images(keys),
        loss=keys.choice("loss", _LOSSES),
    )


def _way(output: Any) -> tuple[str | int, ...]:
    return tuple(output) if isinstance(output, list | tuple) else (output,)


def _images(keys: "_Keys") -> Images:
    order = keys.choice("order", ORDERS)
    if "mean" in keys.values or "std" in keys.values:
        if "range" in keys.values:
            raise keys.fault("range", "beside mean and std", "Give the range, or mean and std.")
        mean, std = keys.numbers("mean"), keys.numbers("std")
        if min(std) <= 0:
            raise keys.fault("std", f"{list(std)}", "Give positive numbers.")
        # theirs are (x - mean) / std of x in [0, 1], and x is (ours + 1) / 2
        size = max(len(mean), len(std))
        means, stds = (each * size if len(each) == 1 else each for each in (mean, std))
        if len(means) != len(stds):
            raise keys.fault("std", f"{len(stds)} for {len(means)} means", "Give as many.")
        return Images(
            tuple((0.5 - m) / s for m, s in zip(means, stds)),
            tuple(0.5 / s for s in stds),
            order,
        )
    given = keys.values.get("range", "[-1, 1]")
    name = (
        str([int(end) if float(end).is_integer() else end for end in given])
        if isinstance(given, list) and all(isinstance(end, int | float) for end in given)
        else str(given)
    )
    if name not in RANGES:
        known = ", ".join(f"`range: {each}`" for each in RANGES)
        raise keys.fault("range", name, f"Use {known}, or `mean` and `std`.")
    middle, scale = RANGES[name]
    return Images((middle,), (scale,), order)


def _latent(keys: "_Keys") -> Latent:
    dim = keys.whole("dim", 0)
    if dim < 1:
        raise keys.fault("dim", f"{dim}", "Give the length of the latents: `dim: 100`.")
    classes, count = keys.choice("classes", CLASSES_AS), keys.whole("num_classes", 0)
    if (classes == "none") != (count == 0):
        raise keys.fault(
            "classes",
            f"{count} classes, told as {classes!r}",
            "Give `num_classes` and `classes: index` or `classes: one-hot`, or neither.",
        )
    space = keys.choice("space", SPACES)
    for name in _OF_W:
        if space != "w" and name in keys.values:
            raise keys.fault(name, "what is explained is z", "Add `space: w`, or leave it out.")
    if space == "w" and count:
        what = "w of a generator that is told classes cannot be explained"
        raise keys.fault("space", what, "Explain z: leave `space` out.")
    truncation = float(keys.values.get("truncation", 2.0))
    if not truncation > 0:
        raise keys.fault("truncation", f"{truncation}", "Give a positive number.")
    return Latent(
        dim=dim,
        shape=keys.choice("shape", SHAPES),
        distribution=keys.choice("distribution", DISTRIBUTIONS),
        truncation=truncation,
        num_classes=count,
        classes=classes,
        space=space,
        **{name: keys.text(name) or name for name in _OF_W},
    )


class _Keys:
    """A mapping of a file, its keys known and each taken with its type checked."""

    def __init__(self, values: Any, where: str, above: str, known: tuple[str, ...]) -> None:
        self._where, self._above = where, above
        if not isinstance(values, Mapping):
            what = "nothing is in it" if values is None else f"a {type(values).__name__}, not keys"
            raise self.fault("", what, f"Give keys: {', '.join(known)}.")
        self.values: dict[str, Any] = dict(values)
        for key in self.values:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                hint = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(known)}."
                raise self.fault("", f"unknown key {key!r}", hint)

    def fault(self, key: str, what: str, remedy: str) -> InputError:
        name = ".".join(part for part in (self._above, key) if part)
        return InputError(f"{name}: {what}" if name else what, self._where, remedy)

    def of(self, key: str, known: tuple[str, ...]) -> "_Keys":
        return _Keys(self.values[key], self._where, key, known)

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        if not isinstance(value, str):
            raise self.fault(key, f"{value!r}", "Give a text.")
        return value

    def dotted(self, key: str) -> str:
        value = self.text(key)
        if value and ":" not in value:
            raise self.fault(key, f"{value!r} has no colon", "Write `module:name`.")
        return value

    def whole(self, key: str, default: int) -> int:
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fault(key, f"{value!r}", "Give a whole number, 0 or more.")
        return value

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, f"{value!r}", "Give true or false.")
        return value

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        value = self.values.get(key, known[0])
        if value not in known:
            raise self.fault(key, f"{value!r}", f"Use {', '.join(filter(None, known))}.")
        return str(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        value = self.values.get(key)
        given: list[Any] = value if isinstance(value, list) else [value]
        if not given or not all(isinstance(each, int | float) for each in given):
            raise self.fault(key, f"{value!r}", "Give a number, or one for each channel.")
        return tuple(float(each) for each in given)

    def path(self, key: str, folder: Path) -> Path | None:
        text = self.text(key)
        if not text:
            return None
        package, colon, name = text.partition(":")
        found = folder / text
        if colon and not found.exists():
            try:
                found = Path(str(importlib.resources.files(package).joinpath(name)))
            except ModuleNotFoundError:
                raise self.fault(
                    key, f"there is no package {package!r}", "Install it, or give the file's path."
                ) from None
        if not found.is_file():
            remedy = "Give its path from the folder of the YAML file."
            raise self.fault(key, f"there is no file {text}", remedy)
        return found
