"""`python -m flows`: run the pipeline, say what would run, keep dvc.yaml's code dependencies.

Exit codes: 0 done, 1 a stage failed, 2 bad input, 130 and 143 stopped by SIGINT and SIGTERM.
"""

import argparse
import logging
import os
import shutil
import subprocess
import sys
import time
import urllib.request
import webbrowser
from pathlib import Path

from flows import settings
from flows.masking import masked
from ganatomy.errors import InputError
from ganatomy.files import cannot_write

_REPORT = Path("reports/report.html")
_LEAST_ROOM_MIB = 50  # measured: the servers' databases take 8 before the first stage


def main() -> int:
    """Parse the command line and do it."""
    arguments = _parser().parse_args()
    root = Path.cwd()
    if not (root / "dvc.yaml").exists():
        print("error: no dvc.yaml here. Run from the project's folder.", file=sys.stderr)
        return 2
    try:
        settings.prepare(root)
        return int(arguments.do(arguments, root))
    except InputError as error:
        print(masked(f"error: {error}"), file=sys.stderr)
        return 2
    except Exception as error:
        if (words := cannot_write(error)) is None:
            raise
        print(masked(f"error: {words}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "stopped: finished stages are kept, the same command goes on from here", file=sys.stderr
        )
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flows", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)

    run = commands.add_parser("run", help="bring every stage up to date, as a Prefect flow")
    run.set_defaults(do=_run)
    plan = commands.add_parser("plan", help="say which stages would run, and why")
    plan.set_defaults(do=_plan)
    for command in (run, plan):
        command.add_argument("--profile", help="start from the defaults with profiles/NAME.yaml")
        command.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="SECTION.KEY=VALUE",
            help="change one value of params.yaml (`plan`: as if); may be given again",
        )

    status = commands.add_parser("status", help="what is at work, how the last run ended")
    status.set_defaults(do=_status)
    report = commands.add_parser("report", help="open the page")
    report.set_defaults(do=_report)
    ui = commands.add_parser("ui", help="serve MLflow on loopback until Ctrl-C")
    ui.add_argument("--port", type=int, default=5000)
    ui.set_defaults(do=_ui)

    deps = commands.add_parser("deps", help="compare dvc.yaml's code deps with what stages import")
    deps.add_argument("--write", action="store_true", help="mend dvc.yaml")
    deps.set_defaults(do=_deps)
    return parser


def _run(arguments: argparse.Namespace, root: Path) -> int:
    from flows import params, processes
    from flows.server import prefect_server

    if error := _no_room(root):
        print(f"error: {error}", file=sys.stderr)
        return 1
    # the terminal belongs to the bars; Prefect's own log goes to its server
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    # it prints what it raises; the record passes that on in a sentence
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    with processes.only_run(root):  # a run that is refused changes nothing
        for line in params.apply(root, arguments.profile, arguments.set):  # before anything starts
            print(f"params.yaml: {line}")
        try:
            with prefect_server():
                return _run_flow(arguments, root)
        except ConnectionError as error:
            print(masked(f"error: {error}"), file=sys.stderr)
            return 1


def _no_room(root: Path) -> str | None:
    """Why a run could not even keep its record, while that can still be said in a sentence."""
    free_mib = shutil.disk_usage(root).free / 2**20
    if free_mib >= _LEAST_ROOM_MIB:
        return None
    return (
        f"only {free_mib:.0f} MiB are free, and a run needs {_LEAST_ROOM_MIB} for its record alone "
        f"[{root}]. Free some space there."
    )


def _run_flow(arguments: argparse.Namespace, root: Path) -> int:
    import signal

    from flows import adapter
    from flows.pipeline import extra_listeners, pipeline
    from flows.terminal import Terminal

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with Terminal() as terminal:
        token = extra_listeners.set((terminal,))
        try:
            pipeline()
        except adapter.StageFailed as error:
            print(masked(f"error: {error}"), file=sys.stderr)
            _tell_of_the_record(root, only_if_missing=True)
            return 2 if error.exit_code == 2 else 1
        finally:
            extra_listeners.reset(token)
    print(f"report:  {root / _REPORT}   (make report)")
    _tell_of_the_record(root)
    return 0


def _tell_of_the_record(root: Path, only_if_missing: bool = False) -> None:
    """The last lines of a run."""
    from flows.status import LastRun

    last = LastRun.read(root)
    if last is not None and not (only_if_missing and last.recorded):
        print(*last.lines(), sep="\n", file=sys.stderr if only_if_missing else sys.stdout)


def _status(arguments: argparse.Namespace, root: Path) -> int:
    from flows import status

    print(*status.lines(root), sep="\n")
    return 0


def _plan(arguments: argparse.Namespace, root: Path) -> int:
    from flows import adapter
    from flows.plan import planned

    with planned(root, arguments.profile, arguments.set) as plan:
        for line in plan.changes:
            print(f"params.yaml: {line}")
        for found in adapter.stale(root, plan.folder, plan.files):
            what = "would run" if found.reasons else "unchanged"
            print(f"{found.stage:<13}{what:<11}{'; '.join(found.reasons)}".rstrip())
    return 0


def _report(arguments: argparse.Namespace, root: Path) -> int:
    page = root / _REPORT
    if not page.exists():
        raise InputError("there is no report yet", str(_REPORT), "Run `make run` first.")
    print(page)
    webbrowser.open(page.as_uri())
    return 0


def _ui(arguments: argparse.Namespace, root: Path) -> int:
    store = os.environ["MLFLOW_TRACKING_URI"]
    if store.startswith("http"):
        print(f"the record is kept by {store}")
        return 0
    address = f"http://127.0.0.1:{arguments.port}"
    command = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(arguments.port)]
    command += ["--workers", "1", "--backend-store-uri", store, "--default-artifact-root", "mlruns"]
    quiet = os.environ | {
        "PYTHONWARNINGS": "ignore",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    if _answers(address):  # `make up`, or an earlier `make ui`
        print(f"MLflow: {address}   (is up already)")
        webbrowser.open(address)
        return 0
    print(f"MLflow: {address}   (Ctrl-C ends it)", flush=True)
    with subprocess.Popen([sys.executable, *command], env=quiet) as server:
        while server.poll() is None and not _answers(address):
            time.sleep(0.5)
        if server.poll() is None:
            webbrowser.open(address)
    return server.returncode


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2):
            return True
    except OSError:
        return False


def _deps(arguments: argparse.Namespace, root: Path) -> int:
    from flows import closure

    if arguments.write:
        closure.write(root)
    lines = closure.differences(root)
    for line in lines:
        print(line)
    if lines:
        print("dvc.yaml differs from what the stages import: python -m flows deps --write")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
