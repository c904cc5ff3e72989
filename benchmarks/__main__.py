"""Measure and write results and their page."""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import machine

RESULTS = Path("benchmarks/results")
PAGE = Path("docs/benchmarks.md")
KINDS = (
    "pipeline",
    "training",
    "quality",
    "evaluation",
    "preparing",
    "ensemble",
    "planted",
    "harmful",
    "gradcam",
    "lime",
    "maps",
    "directions",
    "topology",
    "discriminators",
    "noise",
    "differences",
    "rules",
    "trust",
)


def main() -> None:
    """`python -m benchmarks [KIND ...]` measures; `--table` rewrites the page; `gpu` is apart."""
    if sys.argv[1:2] == ["gpu"]:  # where the packages that are measured beside need not be
        from benchmarks.gpu.__main__ import main as gpu

        sys.exit(gpu(sys.argv[2:]))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; default all")
    parser.add_argument("--table", action="store_true", help="rewrite docs/benchmarks.md only")
    parser.add_argument("--seeds", type=int, nargs="+", help="of pipeline (0) and quality (0 1 2)")
    parser.add_argument(
        "--kept", type=Path, help="runs of discriminators, which go on, and their GANs"
    )
    parser.add_argument("--budget-s", type=float, default=180.0, help="of each quality training")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    given = parser.parse_args()
    if unknown := set(given.kinds) - set(KINDS):
        parser.error(f"unknown kind {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    for kind in [] if given.table else given.kinds or KINDS:
        _measure(kind, given)
    _write_page()
    print(PAGE)


def _write_page() -> None:
    from benchmarks import page
    from benchmarks.gpu import table
    from benchmarks.gpu.__main__ import RESULTS as of_gpu

    results = {kind: [*_results(kind), *table.merged(of_gpu, kind)] for kind in KINDS}
    PAGE.write_text(page.render(results, table.section(of_gpu)))


def _measure(kind: str, given: argparse.Namespace) -> None:
    suffix = "" if given.device == "cpu" else f"-{given.device}"
    if kind == "pipeline":
        from benchmarks import pipeline

        for seed in given.seeds or [0]:
            _write(f"pipeline-seed{seed}", pipeline.measure(seed))
    elif kind == "training":
        from benchmarks import training

        _write(f"training{suffix}", training.measure(given.device))
    elif kind == "evaluation":
        from benchmarks import evaluation

        _write(f"evaluation{suffix}", evaluation.measure(given.device))
    elif kind == "preparing":
        from benchmarks import preparing

        _write("preparing", preparing.measure())
        _write("preparing-many", preparing.measure_many())
    elif kind == "ensemble":
        from benchmarks import ensemble

        _write(f"ensemble{suffix}", ensemble.measure_all(given.device))
    elif kind == "planted":
        from benchmarks import planted

        _write("planted", planted.measure())
    elif kind == "harmful":
        from benchmarks import harmful

        _write("harmful", harmful.measure())
    elif kind == "gradcam":
        from benchmarks import gradcam

        _write(f"gradcam{suffix}", gradcam.measure(given.device))
    elif kind == "lime":
        from benchmarks import lime

        _write(f"lime{suffix}", lime.measure(given.device))
    elif kind == "maps":
        from benchmarks import maps

        _write("maps", maps.measure())
    elif kind == "directions":
        from benchmarks import directions

        _write("directions", directions.measure())
    elif kind == "topology":
        from benchmarks import topology

        _write("topology", topology.measure())
    elif kind == "discriminators":
        from benchmarks import discriminators

        with TemporaryDirectory() as folder:
            _write("discriminators", discriminators.measure(given.kept or Path(folder)))
    elif kind == "noise":
        from benchmarks import noise

        for name in noise.DATA:
            _write(f"noise-{name}", noise.measure(name))
    elif kind == "differences":
        from benchmarks import differences

        _write("differences", differences.measure())
    elif kind == "rules":
        from benchmarks import rules

        with TemporaryDirectory() as folder:
            _write("rules", rules.measure(given.kept or Path(folder)))
    elif kind == "trust":
        from benchmarks import trust

        _write("trust", trust.measure())
    else:
        from benchmarks import quality

        seeds = given.seeds or [0, 1, 2]
        _write(f"quality{suffix}", quality.measure(given.budget_s, seeds, given.device))


def _write(name: str, result: dict[str, Any]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine.describe(), **result}, indent=2) + "\n")
    print(path)


def _results(kind: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(RESULTS.glob(f"{kind}*.json"))]


if __name__ == "__main__":
    main()
