"""G and D as registered models: loadable by name, without pickle."""

import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from deploy.model_face import face_of, kinds_in, packages_in
from tasks.shared.artifact_paths import CODE as OWN_CODE
from tasks.shared.closure import packages_imported

ALIAS = "challenger"
MODELS = ("generator", "discriminator")
_CODE = Path(__file__).resolve().parent.parent
_REQUIREMENTS = ("torch", "numpy", "safetensors", "mlflow")
_DIGEST_TAG = "ganatomy.digest"
_VERDICT_TAG = "verdict"


@dataclass(frozen=True)
class About:
    """What is said of the models of a run.

    Attributes
    ----------
    run_id : str
        MLflow's, of the run that they are of.
    note : str
        The verdict, and a link to the run; in Markdown.
    verdict : str
        Its outcome; "" where there is none.
    may_be_challenger : bool
        Whether they may stand against the champion.
    card : Path, optional
        The run's model card, a file; it is laid beside the models where they are added.
    """

    run_id: str
    note: str
    verdict: str
    may_be_challenger: bool
    card: Path | None = None


def register(client: MlflowClient, about: About, digest: str, weights: Path) -> None:
    """Register generator (its EMA) and discriminator; point `ALIAS` at them if they may have it.

    A model that is registered already, by the digest of its weights, gets no second version, only
    what is said of it now.
    """
    for kind in kinds_in(weights):
        name, face = f"ganatomy-{kind}", face_of(kind, weights)
        version = _known(client, name, digest)
        if version is None:
            version = _add(client, name, kind, about, digest, weights)
        client.update_model_version(name, version, f"{about.note}\n{face.words}\n")
        client.set_model_version_tag(name, version, _VERDICT_TAG, about.verdict or "none")
        if about.may_be_challenger:
            client.set_registered_model_alias(name, ALIAS, version)
        elif str(client.get_registered_model(name).aliases.get(ALIAS)) == version:
            client.delete_registered_model_alias(name, ALIAS)  # it had it by another verdict


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
    face = face_of(kind, weights)
    mlflow.pyfunc.save_model(
        str(path),
        python_model=str(_CODE / "deploy" / f"{kind}_model.py"),
        artifacts={"weights": str(weights)},
        code_paths=[str(_CODE / "ganatomy"), *map(str, own)],
        pip_requirements=_pinned([*_REQUIREMENTS, *_also_needed(weights)]),
        signature=face.signature(),
        input_example=face.example,
    )


def _pinned(names: list[str]) -> list[str]:
    """Each package in the version that is installed, which is the one of the lock file."""
    versions = {name: metadata.version(name).partition("+")[0] for name in names}
    return [f"{name}=={version}" for name, version in versions.items()]


def _also_needed(weights: Path) -> list[str]:
    """Installed packages that have networks, or that a user's own code imports."""
    files = (weights / OWN_CODE).rglob("*.py")
    names = {name for path in files for name in packages_imported(path)}
    installed = metadata.packages_distributions() if names else {}
    found = {each.lower() for name in names for each in installed.get(name, ())}
    found.update(packages_in(weights))
    return sorted(found.difference(_REQUIREMENTS))


def _known(client: MlflowClient, name: str, digest: str) -> str | None:
    found = client.search_model_versions(f"name = '{name}' and tags.`{_DIGEST_TAG}` = '{digest}'")
    return str(found[0].version) if found else None


def _add(
    client: MlflowClient, name: str, kind: str, about: About, digest: str, weights: Path
) -> str:
    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / kind
        save(path, kind, weights)
        if about.card is not None and about.card.exists():
            shutil.copy(about.card, path)
        client.log_artifacts(about.run_id, str(path), f"models/{kind}")
    made = client.create_model_version(
        name, f"runs:/{about.run_id}/models/{kind}", about.run_id, tags={_DIGEST_TAG: digest}
    )
    return str(made.version)
