"""`python -m flows`: run the pipeline, say what would run and why, show what came of it.

Exit codes: 0 done, 1 a stage failed, 2 bad input, 130 and 143 stopped by SIGINT and SIGTERM.
"""

import argparse
import contextlib
import logging
import os
import shutil
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from flows import places, settings
from flows.masking import masked
from ganatomy.errors import InputError
from ganatomy.files import cannot_write
from tasks.shared.keys import keyed

if TYPE_CHECKING:
    from flows.status import LastRun
    from flows.terminal import Terminal

_LEAST_ROOM_MIB = 50  # measured: the servers' databases take 8 before the first stage


def main() -> int:
    """Parse the command line and do it."""
    arguments = _parser().parse_args()
    root = Path.cwd()
    if not (root / "dvc.yaml").exists():
        print("error: no dvc.yaml here. Run from the project's folder.", file=sys.stderr)
        return 2
    try:
        may_leave_nothing = arguments.do in (_plan, _run)  # a run that is refused
        with settings.leaving_no_trace(root) if may_leave_nothing else contextlib.nullcontext():
            settings.prepare(root)
            return int(arguments.do(arguments, root))
    except InputError as error:
        print(masked(f"error: {keyed(error, '')}"), file=sys.stderr)
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
    plan = commands.add_parser("plan", help="say what would run, why, and for how long")
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
    ui.add_argument("--port", type=int, help="else the first free one from 5000 on")
    ui.set_defaults(do=_ui)
    return parser


def _run(arguments: argparse.Namespace, root: Path) -> int:
    import signal

    from flows import params, processes, schedule, writable
    from flows.terminal import Terminal

    schedule.num_slots()  # wrong, it is to be said before anything starts
    writable.demand(settings.written_by_every_run(root))
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
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        with Terminal() as terminal:
            return _bring_up_to_date(root, terminal)


def _no_room(root: Path) -> str | None:
    """Why a run could not even keep its record, while that can still be said in a sentence."""
    free_mib = shutil.disk_usage(root).free / 2**20
    if free_mib >= _LEAST_ROOM_MIB:
        return None
    return (
        f"only {free_mib:.0f} MiB are free, and a run needs {_LEAST_ROOM_MIB} for its record alone "
        f"[{root}]. Free some space there."
    )


def _bring_up_to_date(root: Path, terminal: "Terminal") -> int:
    from flows.failures import StageFailed
    from flows.status import LastRun
    from flows.unfinished import PAGE_FILE

    before = LastRun.read(root)
    try:
        _go(root, terminal)
    except ConnectionError as error:
        print(masked(f"error: {error}"), file=sys.stderr)
        return 1
    except StageFailed as error:
        if (root / PAGE_FILE).exists():
            print(f"what there is: {root / PAGE_FILE}", file=sys.stderr)
        print(masked(f"error: {error}"), file=sys.stderr)
        _tell_if_not_recorded(root, before)
        return 2 if error.exit_code == 2 else 1
    except BaseException:  # stopped, or the disk is full: whoever catches it says so
        _tell_if_not_recorded(root, before)
        raise
    for line in places.verdict_lines(root):
        print(line)
    print(f"report:  {root / places.PAGE}   (make report)")
    last = LastRun.read(root)
    print(*(last.lines() if last is not None else []), sep="\n")
    return 0


def _go(root: Path, terminal: "Terminal") -> None:
    """Run the flow, on a server of its own unless one is named; nothing to do needs neither."""
    if not os.environ.get("PREFECT_API_URL"):
        from flows import unchanged

        if unchanged.run(root, terminal):
            return
    from flows import params, speed
    from flows.server import prefect_server

    with speed.measuring(root, params.told_document()), prefect_server():
        from flows.pipeline import extra_listeners, pipeline

        token = extra_listeners.set((terminal,))
        try:
            pipeline()
        finally:
            extra_listeners.reset(token)


def _tell_if_not_recorded(root: Path, before: "LastRun | None") -> None:
    """The last line of a run that did not end well, unless it ended before it began a record."""
    from flows.status import LastRun

    last = LastRun.read(root)
    if last is not None and last != before and not last.recorded:
        print(*last.lines(), sep="\n", file=sys.stderr)


def _status(arguments: argparse.Namespace, root: Path) -> int:
    from flows import status

    print(*status.lines(root), sep="\n")
    return 0


def _plan(arguments: argparse.Namespace, root: Path) -> int:
    from flows import plan, schedule

    schedule.num_slots()  # wrong, it is to be said first
    with plan.planned(root, arguments.profile, arguments.set) as made:
        for line in plan.lines(root, made):
            print(line)
    return 0


def _report(arguments: argparse.Namespace, root: Path) -> int:
    from flows import status, unfinished

    page, so_far = root / places.PAGE, root / unfinished.PAGE_FILE
    if so_far.exists() and (status.at_work(root) or not page.exists()):
        page = so_far
    if not page.exists():
        raise InputError("there is no report yet", str(places.PAGE), "Run `make run` first.")
    print(page)
    webbrowser.open(page.as_uri())
    return 0


def _ui(arguments: argparse.Namespace, root: Path) -> int:
    from flows import ui

    return ui.show(root, arguments.port)


if __name__ == "__main__":
    sys.exit(main())
