"""DVC's Python API, used in this file only."""

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, NoReturn

from dvc.config import ConfigError
from dvc.exceptions import DvcException, NotDvcRepoError, OutputNotFoundError
from dvc.fs import LocalFileSystem
from dvc.repo import Repo, lock_repo
from dvc.repo import reproduce as dvc_reproduce
from dvc.stage import cache as dvc_stage_cache
from dvc_data.hashfile import transfer as dvc_transfer

from flows import contents, ignored, leftovers, lockfile, processes, reasons, writable
from flows.contents import Damaged, Keeper, Output
from flows.failures import StageFailed as StageFailed
from flows.failures import failure
from flows.stages import LookedOver, Staleness, in_order, known_meta
from flows.stages import Stage as Stage
from flows.turns import Turns
from ganatomy.errors import InputError
from tasks.inputs import files
from tasks.params.section import PARAMS_FILE, told_file
from tasks.shared.events import Events, events_path, log_path
from tasks.shared.provenance import LOCK

Outcome = Literal["ran", "restored", "cached"]
_LATE_INTERVAL_S = 0.2
ROUNDS = 3  # in which what is damaged is put right
_turns = Turns()

# All that DVC would ask git is whether files of ours are ignored, and .gitignore says that already.
# So a folder without git, one that git refuses, or a user's own `*.lock` to ignore is no obstacle.
_WITHOUT_GIT = {"core": {"no_scm": True}}

for _name in ("dvc", "dvc_data", "dvc_objects"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # below it they draw bars of their own


def _not_saved(oid: str, exc: BaseException) -> NoReturn:
    raise exc


# DVC logs what it could not put into its cache, and locks it all the same
dvc_transfer._log_exception = _not_saved


def _reading_instead(instead: dict[str, str]) -> LocalFileSystem:
    """The files on disk, but that some are read from elsewhere; both are absolute paths.

    DVC reads params.yaml before a stage and again after it, for dvc.lock: what was edited meanwhile
    would be locked as what gave the old values' results. Not a class of its own: DVC links files
    only between file systems of one class.
    """
    files = LocalFileSystem()
    plain_open = files.open

    def found(path: Any) -> Any:
        return instead.get(os.path.abspath(path), path) if isinstance(path, str) else path

    def open_found(path: Any, mode: str = "r", **options: Any) -> Any:
        return plain_open(found(path) if "r" in mode else path, mode, **options)

    def on_found(ask: Callable[..., Any]) -> Callable[..., Any]:
        return lambda path, *rest, **options: ask(found(path), *rest, **options)

    files.open = open_found
    for name in ("exists", "isfile", "isdir"):
        setattr(files, name, on_found(getattr(files, name)))
    return files


class _Onlooker(Repo):  # type: ignore[misc]
    """A repository that is only looked at: it waits for nobody's locks, and leaves nothing."""

    def __init__(self, root: Path, locks: Path) -> None:
        self.tmp_dir = str(locks)
        self.site_cache_dir = str(locks / "site")  # another for each `tmp_dir` anyway
        super().__init__(str(root), _wait_for_lock=True, config=_WITHOUT_GIT)


def _repo(root: Path, locks: Path | None = None) -> Repo:
    # waiting for DVC's lock is what keeps stages that end together from failing at random
    try:
        if locks is None:
            repo = Repo(str(root), _wait_for_lock=True, config=_WITHOUT_GIT)
        else:
            repo = _Onlooker(root, locks)
    except NotDvcRepoError:
        remedy = "Copy that folder too: its name begins with a dot, which some copies leave out."
        raise InputError("DVC's folder is not here", str(root / ".dvc"), remedy) from None
    except ConfigError as error:
        raise InputError(
            str(error), ".dvc/config", "Mend the file, or `git checkout` it."
        ) from None
    instead = {str(root.resolve() / PARAMS_FILE): os.path.abspath(root / told_file())}
    if locks is not None and leftovers.is_broken(root / LOCK):
        instead[str(root.resolve() / LOCK)] = str(locks / LOCK)  # there is none
    repo.fs = _reading_instead(instead)
    return repo


def graph(root: Path, locks: Path | None = None) -> list[Stage]:
    """Every stage, each after what it needs.

    Parameters
    ----------
    locks : Path, optional
        A folder of this call's own, within the project: then it only looks, and waits for nobody.

    Raises
    ------
    InputError
        dvc.yaml, or what it takes from params.yaml, cannot be used.
    """
    if locks is None:
        leftovers.mend(root)
    return _graph(_repo(root, locks))


def _graph(opened: Repo) -> list[Stage]:
    with opened as repo:
        return _stages(repo)


def _stages(repo: Repo) -> list[Stage]:
    try:
        edges = repo.index.graph
        upstream = {
            node.addressing: sorted({up.addressing for up in edges.successors(node)})
            for node in edges
        }
        found = [
            Stage(
                node.addressing,
                tuple(upstream[node.addressing]),
                tuple(sorted(out.def_path for out in node.outs)),
                **known_meta(node.meta or {}),
            )
            for node in edges
        ]
    except DvcException as error:
        raise InputError(str(error), "dvc.yaml", "Mend the file, or `git checkout` it.") from None
    return in_order(found)


def run_stage(root: Path, stage: Stage, run_dir: Path) -> Outcome:
    """Bring one stage up to date; what it needs must be so already.

    Returns
    -------
    str
        ``cached`` nothing to do, ``restored`` from DVC's run cache, ``ran`` computed now.

    Raises
    ------
    StageFailed
        It failed, or ran longer than its ``timeout_s``, which ends it.
    KeyboardInterrupt
        The run is being stopped.
    """
    for old in (log_path(run_dir, stage.name), events_path(run_dir, stage.name)):
        old.unlink(missing_ok=True)
    for _ in range(ROUNDS):
        try:
            with _turns.reading(stage.upstream):
                return _attempt(root, stage, run_dir)
        except Damaged as error:
            damaged = error
            write_anew(root, damaged.output.stage, run_dir, _teller(run_dir, stage.name))
    raise cannot_mend(damaged)


def _attempt(root: Path, stage: Stage, run_dir: Path) -> Outcome:
    if processes.stopping.is_set():
        raise KeyboardInterrupt
    log = log_path(run_dir, stage.name)
    late, done = threading.Event(), threading.Event()

    def end_in_time() -> None:
        if not done.wait(stage.timeout_s):
            late.set()
            while not done.wait(_LATE_INTERVAL_S):  # its process may only be about to begin
                processes.end(processes.stage_processes(stage.name))

    def go_on() -> None:
        if processes.stopping.is_set():
            raise KeyboardInterrupt
        if late.is_set():
            raise DvcException("too late to begin")

    threading.Thread(target=end_in_time, daemon=True).start()
    try:
        with _repo(root) as repo:
            keeper = Keeper(repo, root, _teller(run_dir, stage.name))
            contents.distrust(repo, keeper, _inputs, dvc_stage_cache, go_on)
            changed = repo.reproduce(stage.name, single_item=True, repro_fn=_reproduce)
    except DvcException as error:
        if processes.stopping.is_set():
            raise KeyboardInterrupt from None
        if isinstance(error.__cause__, Damaged):
            raise error.__cause__ from None
        if isinstance(error.__cause__, InputError):
            raise StageFailed(stage.name, str(error.__cause__), 2) from None
        if late.is_set():
            raise StageFailed(
                stage.name, f"ended after timeout_s={stage.timeout_s} in dvc.yaml", 1
            ) from None
        raise failure(stage.name, error, run_dir) from None
    except OSError as error:
        raise failure(stage.name, error, run_dir) from error
    finally:
        done.set()
    if not changed:
        return "cached"
    return "ran" if log.exists() else "restored"


def _reproduce(stage: Any, **options: Any) -> Any:
    """As DVC does it, but ask before anything is removed or computed whether it can be kept."""
    run, repo = stage.run, stage.repo

    def run_where_it_can_write(**also: Any) -> None:
        kept = [repo.cache.local.path, repo.stage_cache.cache_dir, repo.tmp_dir, repo.root_dir]
        places = [Path(out.fs_path).parent for out in stage.outs] + [Path(path) for path in kept]
        writable.demand(places)
        ignored.hide(Path(repo.root_dir), [out.def_path for out in stage.outs])
        run(**also)

    stage.run = run_where_it_can_write
    if stage.always_changed:  # `inputs`: it would write the same again
        stage.always_changed = not files.are_right(Path(repo.root_dir))
    return dvc_reproduce._reproduce_stage(stage, **options)


def _teller(run_dir: Path, stage: str) -> contents.Tell:
    return lambda text: Events(stage, run_dir).warning(text)


def _inputs(stage: Any) -> list[Output]:
    """What other stages wrote and this one of DVC's reads."""
    repo, found = stage.repo, {}
    for dep in stage.deps:
        try:
            outs = repo.find_outs_by_path(dep.fs_path, recursive=True, strict=False)
        except OutputNotFoundError:  # code, parameters, a file of the user
            continue
        found.update({out.fs_path: _output(out) for out in outs if out.hash_info})
    return list(found.values())


def _output(out: Any) -> Output:
    return Output(out.stage.addressing, out.def_path, out.hash_info.value)


def write_anew(root: Path, name: str, run_dir: Path, tell: contents.Tell) -> None:
    """Bring up to date a stage some output of which was damaged, and moved away."""
    stage = next(stage for stage in _graph(_repo(root)) if stage.name == name)
    with _turns.writing(name):
        outcome = run_stage(root, stage, run_dir)
    tell(f"stage {name} was {'computed' if outcome == 'ran' else outcome} again")


def sort_lock(root: Path) -> None:
    """Write dvc.lock in one order, whichever stage ended first."""
    with _repo(root) as repo, lock_repo(repo):
        lockfile.sort(root / "dvc.lock")


def survey(root: Path) -> tuple[list[Stage], list[str]]:
    """Every stage as `graph` gives them, and the names of those that are not up to date.

    Raises
    ------
    InputError
        dvc.yaml, or what it takes from params.yaml, cannot be used.
    """
    leftovers.mend(root)
    with _repo(root) as repo, lock_repo(repo):
        behind = set(_behind(repo, root))
        if inputs_moved(root):
            behind.add(files.STAGE)
        return _stages(repo), sorted(behind)


def inputs_moved(root: Path) -> bool:
    """Whether stage `inputs`, which DVC would run each time, has something to write, or to say."""
    try:
        return not files.are_right(root)
    except InputError:
        return True


def _behind(repo: Repo, root: Path) -> list[str]:
    """Stages whose results dvc.lock does not have, or that DVC would bring up to date now."""
    stages = {node.addressing for node in repo.index.stages}
    known = lockfile.digests(root)
    try:
        status = repo.status()
    except (DvcException, OSError):  # the stage that it is about will fail with the reason
        return sorted(stages)
    changed = {name for name, entries in status.items() if reasons.of_dvc(entries)}
    return sorted(stages - set(known) | stages & changed)


def cannot_mend(damaged: Damaged) -> StageFailed:
    """What is said when all else was tried."""
    reason = f"{damaged} is not what it wrote, and could not be put right in {ROUNDS} rounds"
    return StageFailed(damaged.output.stage, reason, 1)


def look_over(
    root: Path, tell: Callable[[str, str], None], *, also_if_behind: bool = False
) -> LookedOver:
    """See which stages are not up to date; where none is, read every output in full.

    What differs is put right from the cache where that is possible: `also_if_behind`, too, where a
    stage may only be behind because its outputs are damaged, and need not run again. `tell` takes a
    stage's name and a sentence for the user.
    """
    with _repo(root) as repo, lock_repo(repo):
        as_it_was = _lock_bytes(root)
        found = LookedOver(_stages(repo), _behind(repo, root))
        mended = also_if_behind and bool(found.behind)
        if mended or not found.behind:
            _read_everything(repo, root, tell, found)
        if mended or _lock_bytes(root) != as_it_was:  # by a hand that takes no lock: git, an editor
            repo._reset()
            found.behind[:] = _behind(repo, root)
    return found


def _lock_bytes(root: Path) -> bytes:
    return (root / LOCK).read_bytes() if (root / LOCK).exists() else b""


def _read_everything(
    repo: Repo, root: Path, tell: Callable[[str, str], None], found: LookedOver
) -> None:
    for out in (out for node in repo.index.stages for out in node.outs if out.hash_info):
        output = _output(out)
        keeper = Keeper(repo, root, partial(tell, output.stage))
        try:
            found.read[output] = keeper.mend(output)
        except Damaged as error:
            found.damaged.append(error)


def stale(root: Path, locks: Path, inputs: dict[Path, dict[str, Any]]) -> list[Staleness]:
    """What would run now and why, in order; a stage behind a stale one may be so too.

    Parameters
    ----------
    locks : Path
        A folder of this call's own, within the project.
    inputs : dict
        What stage `inputs` would write: who needs a file that was another is stale.
    """
    stages = _graph(_repo(root, locks))
    broken = leftovers.is_broken(root / LOCK)
    try:
        with _repo(root, locks) as repo:
            status = repo.status()
            needs = {
                node.addressing: {dep.def_path for dep in node.deps} for node in repo.index.stages
            }
    except (DvcException, OSError) as error:
        raise InputError(
            f"{error}".splitlines()[0], "dvc status", "Is a run at work here? Wait for it."
        ) from None
    found: list[Staleness] = []
    would_run: set[str] = set()
    read = {} if broken else lockfile.digests(root, "deps")
    for stage in stages:
        if stage.name in read:
            why = reasons.of_dvc(status.get(stage.name, []), but_for=set(map(str, inputs)))
            for path in sorted(needs[stage.name].intersection(map(str, inputs))):
                locked = read[stage.name].get(path)
                why += reasons.of_inputs(root, path, locked, inputs[Path(path)])
            if stage.name == files.STAGE:
                why += reasons.to_write(root, inputs)
        else:
            why = [f"{LOCK} cannot be read" if broken else "has not run yet"]
        after = [name for name in stage.upstream if name in would_run]
        # `inputs` may write what the others were run by
        if (why or after) and stage.name != files.STAGE:
            would_run.add(stage.name)
        found.append(Staleness(stage.name, why, after))
    return found
