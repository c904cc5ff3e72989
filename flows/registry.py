"""G and D as registered models: loadable by name, without pickle."""

import tempfile
from importlib import metadata
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tasks.shared.artifact_paths import CODE as OWN_CODE
from tasks.shared.closure import packages_imported

ALIAS = "challenger"
MODELS = ("generator", "discriminator")
_CODE = Path(__file__).resolve().parent.parent
_REQUIREMENTS = ("torch", "numpy", "safetensors", "mlflow")
_DIGEST_TAG = "ganatomy.digest"


def register(client: MlflowClient, run_id: str, digest: str, weights: Path) -> None:
    """Register generator (its EMA) and discriminator, and point `ALIAS` at them.

    A model that is registered already, by the digest of its weights, gets no second version.
    """
    for kind in MODELS:
        name = f"ganatomy-{kind}"
        version = _known(client, name, digest) or _add(client, name, kind, run_id, digest, weights)
        client.set_registered_model_alias(name, ALIAS, version)


def save(path: Path, kind: str, weights: Path) -> None:
    """Write a model that loads wherever its requirements are installed, without this project.

    The code of networks that are the user's own was kept with the weights when they were trained:
    what lies in the project may be newer.

    Parameters
    ----------
    path : Path
        The folder to write; it must not exist.
    kind : str
        One of `MODELS`.
    weights : Path
        As the stage `train` leaves it.
    """
    own = sorted((weights / OWN_CODE).glob("*"))
    mlflow.pyfunc.save_model(
        str(path),
        python_model=str(_CODE / "deploy" / f"{kind}_model.py"),
        artifacts={"weights": str(weights)},
        code_paths=[str(_CODE / "ganatomy"), *map(str, own)],
        pip_requirements=[*_REQUIREMENTS, *_also_needed(weights / OWN_CODE)],
    )


def _also_needed(code: Path) -> list[str]:
    """Installed packages that a user's own code imports."""
    names = {name for path in code.rglob("*.py") for name in packages_imported(path)}
    installed = metadata.packages_distributions() if names else {}
    found = {each.lower() for name in names for each in installed.get(name, ())}
    return sorted(found.difference(_REQUIREMENTS))


def _known(client: MlflowClient, name: str, digest: str) -> str | None:
    found = client.search_model_versions(f"name = '{name}' and tags.`{_DIGEST_TAG}` = '{digest}'")
    return str(found[0].version) if found else None


def _add(
    client: MlflowClient, name: str, kind: str, run_id: str, digest: str, weights: Path
) -> str:
    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / kind
        save(path, kind, weights)
        client.log_artifacts(run_id, str(path), f"models/{kind}")
    made = client.create_model_version(
        name, f"runs:/{run_id}/models/{kind}", run_id, tags={_DIGEST_TAG: digest}
    )
    return str(made.version)
