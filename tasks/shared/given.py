"""What runs make and what the user gives: they never share a folder.

A run removes an artifact before it makes it anew, and `make clean` removes them all.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ganatomy.data.recipe import is_learned
from ganatomy.errors import InputError
from tasks.evaluate.params import Evaluate
from tasks.fetch.params import Fetch
from tasks.params.gan import GanSection
from tasks.params.gate import GateSection
from tasks.params.section import told_file
from tasks.rules.params import Rules
from tasks.variants.params import Variants

_ITEM = "${item."
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast


def artifacts(root: Path) -> list[Path]:
    """List the paths of the artifacts that dvc.yaml or dvc.lock names in a project's folder."""
    paths: set[Path] = set()
    for name in {_name(out) for file in ("dvc.yaml", "dvc.lock") for out in _outs(root / file)}:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            continue  # not ours, whoever wrote it there
        folder, item, _ = name.partition(_ITEM)
        if item:  # one artifact for each value, and the values are numbers
            paths |= {path for path in (root / folder).glob("*") if path.name.isdigit()}
        else:
            paths.add(root / name)
    return sorted(paths)


def check_apart(root: Path) -> None:
    """Refuse what a user gives when it lies in an artifact, or an artifact in it.

    Raises
    ------
    InputError
        With the parameter and the artifact.
    """
    made = {os.path.realpath(path): path.relative_to(root).as_posix() for path in artifacts(root)}
    for parameter, path, is_read_whole in _given(root / told_file()):
        real = os.path.realpath(root / path)
        for artifact, name in made.items():
            within = _is_below(real, artifact)
            if within or (is_read_whole and _is_below(artifact, real)):
                raise InputError(
                    f"{path!r} {'lies in' if within else 'holds'} {name}, which runs make and "
                    "remove",
                    parameter,
                    "Move what you give to a folder of its own, such as given/.",
                )


def _given(params: Path) -> Iterator[tuple[str, str, bool]]:
    """Parameter, path relative to the project, and whether all below it is read."""
    fetch, gan, variants = Fetch.load(params), GanSection.load(params), Variants.load(params)
    yield "fetch.root", fetch.root, fetch.is_given
    if champion := GateSection.load(params).champion:
        yield "gate.champion", champion, True
    for path in _of_adopted(params, gan):
        yield "gan.adopt", path, False
    for name, path in (
        ("fetch.attributes", fetch.attributes),
        ("evaluate.inception_weights", Evaluate.load(params).inception_weights),
        *(("variants.masks", path) for path in variants.masks),
    ):
        if path:
            yield name, path, False
    for name, entry in (
        ("fetch.source", fetch.source),
        ("gan.generator", gan.generator),
        ("gan.discriminator", gan.discriminator),
        *(("variants.features", entry) for entry in variants.features),
        *(("rules.concepts", entry) for entry in Rules.load(params).concepts),
    ):
        module, colon, _ = entry.partition(":")
        if colon and not is_learned(entry):
            yield name, module.replace(".", "/") + ".py", False


def _of_adopted(params: Path, gan: GanSection) -> Iterator[str]:
    """The file that names an adopted GAN; what that names is looked at once it is read."""
    if gan.source == "adopt" and isinstance(gan.adopt, str) and gan.adopt:
        yield gan.adopt


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _outs(path: Path) -> list[Any]:
    try:
        stages = yaml.load(path.read_bytes(), _Loader)["stages"]
        return [out for stage in stages.values() for out in stage.get("outs", [])]
    except (OSError, yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError):
        return []  # missing or broken: whoever runs the pipeline says so, or mends it


def _name(out: Any) -> str:
    """An entry of dvc.yaml is a path or a path with options; one of dvc.lock says `path`."""
    if isinstance(out, dict):
        return str(out.get("path") or next(iter(out)))
    return str(out)
