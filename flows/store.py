"""The project's own MLflow store: looked over before it is used, so that it can always be used.

Only ``mlflow.db`` in the project's folder is ever touched here. A store elsewhere, or a server, is
the user's: what is wrong with it is told, with what to do.
"""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from flows.masking import masked

_NAME = "mlflow.db"
_ARTIFACTS = "mlruns"
_LOCK_WAIT_S = 5.0
_MAX_REASON_CHARS = 200
# where MLflow keeps paths and URIs of artifacts
_LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def own(root: Path, uri: str | None = None) -> Path | None:
    """The project's own store, or None where `uri` names another one.

    Parameters
    ----------
    uri : str, optional
        MLFLOW_TRACKING_URI's value without it.
    """
    path = _file(root, uri or os.environ["MLFLOW_TRACKING_URI"])
    ours = root / _NAME
    return ours if path is not None and path.resolve() == ours.resolve() else None


def _file(root: Path, uri: str) -> Path | None:
    scheme, _, path = uri.partition(":///")
    return root / path.partition("?")[0] if scheme == "sqlite" else None


def prepare(root: Path, uri: str | None = None) -> list[str]:
    """Make the project's own store usable; another one is left alone.

    One that is damaged, or that was cut off while it was made, is set aside, and MLflow will begin
    a new one. One whose project was copied or moved is told where its artifacts are now.

    Parameters
    ----------
    uri : str, optional
        MLFLOW_TRACKING_URI's value without it.

    Returns
    -------
    list of str
        What was done, for the user.

    Raises
    ------
    sqlite3.Error
        A file that cannot be used now: MLflow itself would try ten times, for minutes.
    """
    uri = uri or os.environ["MLFLOW_TRACKING_URI"]
    path = _file(root, uri)
    if path is None or not path.exists() or not path.stat().st_size:
        return []
    ours = own(root, uri) is not None
    damage = _damage(path) if ours else ""
    if damage:
        aside = _set_aside(path)
        return [f"{_NAME} {damage}: set aside as {aside}, a new one begun"]
    _try(path)
    if ours:
        _follow(path, root)
    return []


def _try(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=_LOCK_WAIT_S)) as database:
        database.execute("BEGIN IMMEDIATE")
        database.rollback()


def _damage(path: Path) -> str:
    """What makes the file useless for ever; nothing where it is only locked or not allowed."""
    try:
        with closing(sqlite3.connect(path, timeout=_LOCK_WAIT_S)) as database:
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if answer != "ok":
                return f"is damaged ({answer.splitlines()[-1]})"
            return "was never finished" if _half_made(database) else ""
    except sqlite3.OperationalError:
        return ""
    except sqlite3.DatabaseError as error:
        return f"is damaged ({error})"


def _half_made(database: sqlite3.Connection) -> bool:
    """Whether its making was cut off: not of this MLflow's form, and without any run.

    MLflow neither goes on with such a store nor begins it anew.
    """
    if not _tables(database):
        return False
    if "runs" in _tables(database) and database.execute("SELECT 1 FROM runs").fetchone():
        return False
    return _version(database) != _newest()


def _tables(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master")}


def _version(database: sqlite3.Connection) -> str:
    if "alembic_version" not in _tables(database):
        return ""
    found = database.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else ""


def _migrations() -> Path:
    import mlflow

    return Path(mlflow.__file__).parent / "store" / "db_migrations"


def _newest() -> str | None:
    """The form of a store that the installed MLflow makes."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(_migrations())).get_current_head()


def _set_aside(path: Path) -> str:
    stamp = time.strftime("%Y%m%dT%H%M%S")
    for suffix in ("-wal", "-shm", "-journal", ""):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(path.with_name(f"{_NAME}.broken-{stamp}{suffix}"))
    return f"{_NAME}.broken-{stamp}"


def _follow(path: Path, root: Path) -> None:
    """Put the project's present folder for the one that the store was used in last.

    MLflow keeps absolute paths: a copy of a project would write into the first one's folder.
    """
    with closing(sqlite3.connect(path, timeout=_LOCK_WAIT_S)) as database, database:
        tables = _tables(database)
        if "experiments" not in tables:
            return
        rows = database.execute("SELECT experiment_id, artifact_location FROM experiments")
        here = str(root / _ARTIFACTS)
        found = {_folder(str(location), number) for number, location in rows}
        for there in sorted(found - {None, here, Path(here).as_uri()}, key=str):
            new = Path(here).as_uri() if str(there).startswith("file:") else here
            for table, column in _LOCATIONS:
                if table in tables:
                    database.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?)"
                        f" WHERE substr({column}, 1, ?) = ?",
                        (new, len(str(there)) + 1, len(str(there)) + 1, f"{there}/"),
                    )


def _folder(location: str, experiment: int) -> str | None:
    """A project's folder of artifacts, if the experiment's location is one that we would choose."""
    folder, _, last = location.rpartition("/")
    if last != str(experiment) or not folder.endswith(f"/{_ARTIFACTS}"):
        return None
    return folder if folder.startswith(("/", "file:/")) else None


def reason(error: BaseException) -> str:
    """What went wrong, in a line without passwords."""
    text = str(error)
    if "Max retries exceeded" in text:
        return f"no answer from {masked(os.environ['MLFLOW_TRACKING_URI'])}"
    line = masked(f"{type(error).__name__}: {text}").splitlines()[0]
    return line[:_MAX_REASON_CHARS].rstrip(". ")


def remedy(root: Path, error: BaseException) -> str:
    """What to do about an error of MLflow's, in a sentence."""
    uri = os.environ["MLFLOW_TRACKING_URI"]
    name = masked(uri)
    text = str(error)
    if uri.startswith(("http://", "https://")):
        return f"See that {name} answers, or unset MLFLOW_TRACKING_URI."
    if "out-of-date database schema" in text:
        return _of_another_version(text, name)
    if "locked" in text:
        return f"Another program holds {name}: end it, and run again."
    if "readonly" in text or "unable to open" in text or isinstance(error, PermissionError):
        return f"See that you may write {name} and the folder that it is in."
    if own(root, uri) is not None:
        return f"Move {_NAME} away if this goes on: a new one is begun."
    return f"See that {name} can be used, or unset MLFLOW_TRACKING_URI."


def _of_another_version(text: str, name: str) -> str:
    _, _, found = text.partition("found version ")
    version = found.split(",")[0].split(")")[0].strip()
    if any((_migrations() / "versions").glob(f"{version}_*.py")):
        return f"The store is of an older MLflow: copy it, then `mlflow db upgrade {name}`."
    return "The store is of a newer MLflow than this project's: use that one, or move it away."
