"""`python -m benchmarks gpu`: every GPU test and benchmark, in pieces of eight minutes at most."""

import argparse
import sys
from pathlib import Path

from benchmarks.gpu import running
from benchmarks.gpu.pieces import PIECES
from ganatomy.errors import InputError

RESULTS = Path("benchmarks/results/gpu.json")
TRIAL = Path("benchmarks/results/gpu-trial.json")  # no figures: git ignores it, no page shows it


def main(words: list[str]) -> int:
    """Parse the command line, run or list, and return the exit code: 0 when all asked is done."""
    given = _parser().parse_args(words)
    path = given.out or (RESULTS if given.device == "cuda" and not given.small else TRIAL)
    try:
        pieces = running.named(given.piece)
        if given.list:
            _list(path)
            return 0
        if given.device == "cuda":
            _demand_gpu()
        done = running.run(pieces, given.device, given.small, path, given.again)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"stopped: what is done is kept in {path}", file=sys.stderr)
        return 130
    print(path)
    return 0 if done else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks gpu",
        description="Run every GPU test and every GPU benchmark, in pieces of at most "
        f"{running.LIMIT_S / 60:.0f} minutes. A piece that is done is kept, so the same command "
        "goes on. Needs the library's own packages and pytest; no Prefect, DVC or MLflow.",
    )
    parser.add_argument("--list", action="store_true", help="list the pieces and what is done")
    parser.add_argument(
        "--piece",
        action="append",
        default=[],
        metavar="N",
        help="this one only, by number or name; may be given again",
    )
    parser.add_argument("--again", action="store_true", help="run also what is done")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--small", action="store_true", help="tiny, to try the command itself")
    parser.add_argument("--out", type=Path, help=f"the results; {RESULTS}, or {TRIAL} for a trial")
    return parser


def _list(path: Path) -> None:
    records = running.read(path)
    for number, piece in enumerate(PIECES, 1):
        record = records.get(piece.name)
        status = f"{record['status']}, {record['seconds']:.0f} s" if record else "not run"
        needs = f"   needs {', '.join(piece.packages)}" if piece.packages else ""
        print(f"{number:>3}  {piece.name:<20}{status:<22}{needs}".rstrip())


def _demand_gpu() -> None:
    import torch

    if not torch.cuda.is_available():
        raise InputError(
            "there is no GPU here that torch can use",
            f"torch {torch.__version__}",
            "Run it where nvidia-smi lists one, or try the command by `--device cpu --small`.",
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
