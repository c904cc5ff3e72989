"""G and D as registered models: loadable by name, without pickle."""

import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from ganatomy.files import read_json

ALIAS = "challenger"
MODELS = ("generator", "discriminator")
_CODE = Path(__file__).resolve().parent.parent
_DIGEST_TAG = "ganatomy.digest"


def register(client: MlflowClient, run_id: str, digest: str, weights: Path) -> None:
    """Register generator (its EMA) and discriminator, and point `ALIAS` at them.

    A model that is registered already, by the digest of its weights, gets no second version.
    """
    for kind in MODELS:
        name = f"ganatomy-{kind}"
        version = _known(client, name, digest) or _add(client, name, kind, run_id, digest, weights)
        client.set_registered_model_alias(name, ALIAS, version)


def _own_code(weights: Path) -> list[str]:
    """Files of networks that are the user's own: their models would not load without them."""
    architecture = read_json(weights / "networks.json")
    names = (architecture[name] for name in ("generator", "discriminator"))
    modules = {name.partition(":")[0].partition(".")[0] for name in names if ":" in name}
    found = (path for module in sorted(modules) for path in _CODE.glob(f"{module}*"))
    return [str(path) for path in found if path.suffix in ("", ".py")]


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
        mlflow.pyfunc.save_model(
            str(path),
            python_model=str(_CODE / "deploy" / f"{kind}_model.py"),
            artifacts={"weights": str(weights)},
            code_paths=[str(_CODE / "ganatomy"), *_own_code(weights)],
            pip_requirements=["torch", "numpy", "safetensors", "mlflow"],
        )
        client.log_artifacts(run_id, str(path), f"models/{kind}")
    made = client.create_model_version(
        name, f"runs:/{run_id}/models/{kind}", run_id, tags={_DIGEST_TAG: digest}
    )
    return str(made.version)
