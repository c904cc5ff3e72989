"""`ganatomy`, or `python -m ganatomy`: the library's subcommands, and the pipeline's where it is.

Exit codes: 0 done, 1 failed, 2 bad input, 130 and 143 stopped by SIGINT and SIGTERM.
"""

import argparse
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from ganatomy import __version__, command
from ganatomy.errors import InputError
from ganatomy.files import cannot_write

PIPELINE = {  # handed on to `python -m flows`, which says what each of them takes
    "run": "bring every stage of the pipeline up to date",
    "plan": "say which stages would run, and why",
    "status": "say what is at work and how the last run ended",
    "report": "open the page of the last run",
    "ui": "serve the record of all runs on loopback",
}
_NEEDED = ("prefect", "dvc", "mlflow")


def main(words: Sequence[str] | None = None) -> int:
    """Parse the command line, do it, and return the exit code."""
    given = list(sys.argv[1:] if words is None else words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if given and given[0] in PIPELINE:
            return _hand_on(given)
        arguments = _parser().parse_args(given)
        return int(arguments.run(arguments))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever reads the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if (sentence := cannot_write(error, kept="")) is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ganatomy",
        description="Train a GAN, take it apart, and say how far each explanation can be trusted.",
        epilog="run, plan, status, report and ui need the pipeline: pip install "
        "'ganatomy[pipeline]', in the project's folder.",
    )
    parser.add_argument("--version", action="version", version=f"ganatomy {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for found in pkgutil.iter_modules(command.__path__):
        if found.name.startswith("_"):  # what commands share
            continue
        module = import_module(f"{command.__name__}.{found.name}")
        line = (module.__doc__ or "").partition("\n")[0].rstrip(".")
        own = commands.add_parser(found.name.replace("_", "-"), help=line, description=line)
        module.add_arguments(own)
        own.set_defaults(run=module.run)
    for name, line in PIPELINE.items():
        commands.add_parser(name, help=line, add_help=False)
    return parser


def _hand_on(words: list[str]) -> int:
    """Become `python -m flows`, signals, terminal and exit code included."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise InputError(
            f"`ganatomy {words[0]}` is the pipeline's, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed",
            sys.prefix,
            "Run `pip install 'ganatomy[pipeline]'`, or in a copy of the project `make setup`: its "
            ".venv/bin/python has them then.",
        )
    if not (Path("flows") / "__main__.py").is_file() or not Path("dvc.yaml").is_file():
        raise InputError(
            f"`ganatomy {words[0]}` is the pipeline's, which is not in this folder",
            str(Path.cwd()),
            "Run it where dvc.yaml and flows/ are, in a copy of the project; "
            "`ganatomy --help` lists what works anywhere.",
        )
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "flows", *words])


if __name__ == "__main__":
    sys.exit(main())
