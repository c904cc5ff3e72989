"""What identifies a GAN that was trained elsewhere, and how GANs are retrained beside it."""

import sys
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.files import sha256_of
from ganatomy.gan.adopt.port import Network
from tasks.shared.adopted import Told, code_root
from tasks.shared.own_code import digests


def record(told: Told | None, root: Path) -> dict[str, Any]:
    """Hash its file, its weights and its code; nothing of a GAN that is trained here.

    Raises
    ------
    InputError
        A module is neither in the project nor installed.
    """
    if told is None:
        return {}
    file = root / told.name
    about: dict[str, Any] = {
        "file": told.name,
        "sha256": sha256_of(file) if file.is_file() else "",
        "port": told.values,
    }
    for name, network in told.networks.items():
        about[name] = _weights(network) | _code(network.build, told, root)
    return about


def retraining(told: Told | None, root: Path, *, enabled: bool) -> dict[str, Any]:
    """Say whether GANs are retrained, and by whose function; nothing where it is as ever."""
    if not enabled:
        off = "switched off by importance.enabled in params.yaml"
        return {"left_out": off if told is None else f"{off}: it trains G and D anew many times"}
    if told is None:
        return {}
    missing = {"generator", "discriminator"} - set(told.networks)
    if missing:
        lacks = " and no ".join(sorted(missing))
        return {"left_out": f"{told.name} names no {lacks}: it needs both networks"}
    if not told.port.train:
        return {"ours": True}
    how = {"train": told.port.train, "port": told.without_weights()}
    return how | {"code": {name: _code(name, told, root) for name in told.dotted}}


def _weights(network: Network) -> dict[str, str]:
    path = network.program or network.weights
    return {} if path is None else {"weights": path.name, "weights_sha256": sha256_of(path)}


def _code(name: str, told: Told, root: Path) -> dict[str, Any]:
    """Digests of its files in the project; of an installed package its name and version."""
    if not name:
        return {}
    for base in (code_root(told, root), root):
        if isinstance(found := digests(base, name), dict):
            return {"code": found}
    top = name.partition(":")[0].partition(".")[0]
    spec = PathFinder.find_spec(top, [str(told.folder), str(root), *sys.path])
    if spec is None:
        raise InputError(
            f"{name}: there is no module {top!r}",
            told.name,
            "Put it beside that file or into the project's folder, or install its package.",
        )
    if owners := metadata.packages_distributions().get(top):
        return {"package": f"{owners[0]} {metadata.version(owners[0])}"}
    places = list(spec.submodule_search_locations or []) or [spec.origin or ""]
    return {"code": digests(Path(places[0]).parent, name)}
