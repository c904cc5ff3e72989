"""Results to docs/benchmarks.md."""

# ruff: noqa: E501  the lines are those of the page

import csv
import io
import statistics

from benchmarks import (
    differences,
    directions,
    discriminators_page,
    gradcam,
    harmful,
    lime,
    maps,
    noise,
    preparing,
    rules,
    topology,
    trust_page,
)
from benchmarks.tables import Result, machine_line, table


def render(results: dict[str, list[Result]], of_gpu: str) -> str:
    """The page, from every kind's results; a kind without results has no section."""
    parts = ["# Benchmarks", _HEAD, of_gpu or _NO_GPU]
    sections = {
        "pipeline": _pipeline,
        "training": _training,
        "quality": _quality,
        "evaluation": _evaluation,
        "preparing": preparing.section,
        "ensemble": _ensemble,
        "planted": _planted,
        "harmful": harmful.section,
        "gradcam": gradcam.section,
        "lime": lime.section,
        "maps": maps.section,
        "directions": directions.section,
        "topology": topology.section,
        "discriminators": discriminators_page.section,
        "noise": noise.section,
        "differences": differences.section,
        "rules": rules.section,
        "trust": trust_page.section,
    }
    for kind, section in sections.items():
        if results[kind]:
            parts.append(section(results[kind]))
    return "\n\n".join(parts) + "\n"


_HEAD = """\
Made by `python -m benchmarks` from `benchmarks/results/*.json`; `--table` rewrites it. Every section names its machine."""
_NO_GPU = """\
No GPU was at hand: no GPU figure was taken. `python -m benchmarks gpu` takes them all, and runs every GPU test, in pieces of at most eight
minutes that can be run one by one (`--list`, `--piece 3`). It needs torch and the library's other packages, neither Prefect, DVC nor MLflow; what
of lime, captum, mlxtend or Fashion-MNIST (in `given/`) is missing leaves out the pieces that need it."""


def _pipeline(results: list[Result]) -> str:
    runs = []
    for result in results:
        again = [
            name
            for name, stage in result["second"]["stages"].items()
            if stage["outcome"] != "unchanged"
        ]
        quality = result["quality"]
        runs.append(
            [
                str(result["seed"]),
                f"{result['first']['wall_s']:.0f}",
                f"{result['second']['wall_s']:.1f}",
                str(len(again)),
                f"{quality['fcd@1000']:.2f}",
                f"{quality['fcd_floor@1000']:.2f}",
            ]
        )
    seeds = [f"seed {result['seed']}" for result in results]
    stages = [
        [name, *(f"{result['first']['stages'][name]['seconds']:.0f}" for result in results)]
        for name in results[0]["first"]["stages"]
    ]
    heads = ["seed", "first run, s", "again, s", "stages that ran again", "fcd@1000", "its floor"]
    return f"""\
## The default run

{machine_line(results[0])}

`{results[0]["command"]}` in a fresh copy of the project, set-up done: wall seconds of the whole process, its Prefect server's start
and new Prefect and MLflow databases included; then the same command again with nothing changed. About 4 s of either are the
server's start (docs/decisions/0002).

{table(heads, runs)}

Seconds of each stage, its process and imports included (independent stages overlap):

{table(["stage", *seeds], stages)}

### Which features matter on the default run

How much each change does and in which readout, in the order of the first run (docs/importance.md, "Ranking"); of runs from before that, the largest |t|, with the threshold where a run still had one for the whole table (5 %, Bonferroni). Bold: it matters (stands out, where a run did not say so).

{_importance(results)}"""


def _importance(results: list[Result]) -> str:
    rankings = [
        {row["variant"]: row for row in csv.DictReader(io.StringIO(result["ranking"]))}
        for result in results
    ]
    heads = ["feature"]
    for result in results:
        first = next(csv.DictReader(io.StringIO(result["importance"])))
        above = f" (> {float(first['threshold']):.1f})" if "threshold" in first else ""
        heads.append(f"seed {result['seed']}{above}")
    rows = []
    for variant in rankings[0]:
        cells = []
        for ranking in rankings:
            row = ranking[variant]
            matters = row.get("matters", row["stands_out"]) == "True"
            cells.append(f"**{_strongest(row)}**" if matters else _strongest(row))
        rows.append([variant, *cells])
    return table(heads, rows)


def _strongest(row: dict[str, str]) -> str:
    """The size that a feature is ranked by with that readout's own |t|; of old runs |t| alone."""
    readout = row["strongest_readout"]
    if not row.get("size"):
        return f"\\|t\\| {float(row['max_abs_t']):.1f} ({readout})"
    abs_t = float(row[f"{readout[0]}_abs_t"])
    return f"size {float(row['size']):.2g}, \\|t\\| {abs_t:.1f} ({readout})"


def _training(results: list[Result]) -> str:
    heads = [
        "device",
        "images",
        "width",
        "plain, 0 workers",
        "plain, 2 workers",
        "ours",
        "ours / best plain",
        "ours / example",
        "share of peak",
        "a checkpoint, s",
    ]
    rows = [
        [
            result["device"],
            f"{row['image_size']} px, {row['channels']} ch",
            str(row["width"]),
            f"{row['plain_img_per_s']['0']:,}",
            f"{row['plain_img_per_s']['2']:,}",
            f"{row['ours_img_per_s']:,}",
            f"**{row['ratio_to_best_plain']:.2f}**",
            f"{row['ratio_to_example']:.2f}",
            f"{100 * row['share_of_peak']:.0f} %",
            f"{row['checkpoint_s']:.3f}",
        ]
        for result in results
        for row in result["rows"]
    ]
    peaks = ", ".join(f"{r['matmul_peak_gflop_per_s']:,} GFLOP/s ({r['device']})" for r in results)
    return f"""\
## The training loop

{machine_line(results[0])}

Images per second of our loop and of the plain one (PyTorch's DCGAN example: DataLoader with transforms for each item, BCELoss,
Adam, values read at every step; `benchmarks/plain_loop.py`), with the same `dcgan` networks, loss, batch of 64 and float32, by turns in one
process; medians of five. The example's DataLoader has two workers; on two cores none is faster, so both are given. Share of
peak: the arithmetic that the step needs, over the best matrix product of this machine ({peaks});
convolutions may do a little better than it. Where the plain loop is near the peak already, there is little left to win.

{table(heads, rows)}"""


def _quality(results: list[Result]) -> str:
    parts = [
        f"""\
## Quality at equal wall time

{machine_line(results[0])}

Fashion-MNIST, 60,000 training images; `dcgan` of width 32 in both. fcd@10000 of 10,000 fakes against the 10,000 test images, in
the features of a classifier trained on the training images. Ours: the default method (but for D) and budget of `params.yaml` (batch,
learning rate, schedule, moving average), as many whole epochs as fit. Plain: the example's. Lower is better."""
    ]
    for result in results:
        by_loop: dict[str, list[float]] = {"plain": [], "ours": []}
        rows = []
        for row in result["rows"]:
            by_loop[row["loop"]].append(row["fcd@10000"])
            cells = [row["loop"], str(row["seed"]), f"{row['steps']:,}", f"{row['seconds']:.0f}"]
            rows.append([*cells, f"{row['fcd@10000']:.2f}"])
        plain, ours = (statistics.mean(by_loop[loop]) for loop in ("plain", "ours"))
        floor = result["fcd_floor@10000"]
        heads = ["loop", "seed", "steps", "seconds", "fcd@10000"]
        parts.append(f"""\
{table(heads, rows)}

Means: ours {ours:.2f}, plain {plain:.2f}, ratio **{ours / plain:.2f}**. The floor (training against test images) is {floor:.3f}: ours stands at
{ours / floor:.0f} times the floor. The evaluator is right about {100 * result["evaluator_accuracy"]:.1f} % of the test images. Peak memory of the whole
benchmark process, data and evaluator included: {result["peak_rss_gib"]:.1f} GiB.""")
    return "\n\n".join(parts)


def _evaluation(results: list[Result]) -> str:
    heads = ["device", "generate, s", "D's logits, s", "judge, s", "together, s", "memory, GiB"]
    keys = ("generate_s", "score_s", "judge_s", "total_s", "rss_gib")
    rows = [[result["device"], *(str(result[key]) for key in keys)] for result in results]
    return f"""\
## Evaluation

{machine_line(results[0])}

10,000 fakes against the 60,000 training and 10,000 test images of Fashion-MNIST: six distances with intervals (200 replicates) and
floors, copying in features and in pixels, D's over-fitting, missing modes.

{table(heads, rows)}"""


def _ensemble(results: list[Result]) -> str:
    parts = [
        f"""\
## Many GANs at once

{machine_line(results[0])}

Training steps of all members together per second, against training one after the other with our own loop at its best (data on
the device, fused Adam, channels_last, every thread of the machine). On the CPU a pack is trained in a process of one thread for each core, all at
once. 28 px, one channel, `dcgan` (G and D), else the default method. `loop` is that loop in a process for each core, without packs. Medians of three, by turns; recording a pack (1 to 3 s, once for each size) is not counted."""
    ]
    for result in results:
        for row in result["rows"]:
            heads = ["backend", "members of a pack", "steps a second", "ratio"]
            cells = [
                [
                    each["backend"],
                    str(each["size"]),
                    f"{each['steps_per_s']:,.0f}",
                    f"**{each['ratio']:.2f}**",
                ]
                for each in row["packings"]
            ]
            parts.append(f"""\
Width {row["width"]}, batch {row["batch"]}, {result["device"]}: one by one {row["one_by_one_steps_per_s"]:,.0f} steps a second.

{table(heads, cells)}""")
    return "\n\n".join(parts)


def _planted(results: list[Result]) -> str:
    (result,) = results
    size, cues = result["size"], result["cues"]
    patch_rows = [
        [
            str(row["data_seed"]),
            ", ".join(row["first_in"]["generator"]) or "none",
            ", ".join(row["first_in"]["discriminator"]) or "none",
            "{effect:+.2f} (t {t:.1f}, place {place_by_t})".format(**row["d_contrast"]),
            f"{row['d_contrast']['cells_found']} of {len(row['ranking'])}",
            ", ".join(row["blank_that_stand_out"]) or "none",
        ]
        for row in result["patch"]
    ]
    blob_rows = [
        [
            str(blob["data_seed"]),
            str(blob["num_nulls"]),
            row["variant"],
            "yes" if row["is_true"] else "no",
            *(
                f"{', '.join(row['found_by'][letter]) or 'not found'} "
                f"(\\|t\\| {row['max_abs_t'][letter]})"
                for letter in "gd"
            ),
        ]
        for blob in result["blob"]
        for row in blob["rows"]
    ]
    null_rows = [
        [f"{nulls['data']}, {nulls['data_seed']}", title]
        + [f"{100 * rate:.2f} %" for rate in nulls["rates"][column].values()]
        for nulls in result["nulls"]
        for column, title in (
            ("p_t", "Student's t, Satterthwaite's freedom"),
            ("p_permuted", "permutation"),
            ("p", "the larger of both (in use)"),
        )
    ]
    screen_rows = [
        [
            str(row["data_seed"]),
            row["discriminator"],
            str(row["num_features"]),
            str(row["num_kept"]),
            f"**{row['factor']:.1f}**",
            ", ".join(name for name, *_ in row["full"][:3]),
            ", ".join(name for name, *_ in row["screened"][:3]),
            "yes" if row["same_top3"] else "no",
        ]
        for row in result["screening"]
    ]
    heads = {
        "blob": ["data seed", "nulls", "change", "to be found", "found by G's", "found by D's"],
        "patch": [
            *("data seed", "first by G's", "first by D's", "D's preference (d_contrast)"),
            *("cells D finds", "blank corners that stand out"),
        ],
        "nulls": ["data, data seed", "test", "p <= 0.05", "p <= 0.01", "p <= 0.002"],
        "screening": [
            *("data seed", "D", "features", "kept", "saved", "first three in full"),
            *("first three screened", "the same three"),
        ],
    }
    limits = " ".join(f"Data seed {blob['data_seed']}: {blob['limits']}" for blob in result["blob"])
    nulls = "; ".join(
        f"{one['data']}, data seed {one['data_seed']}: {one['num_nulls']} nulls, each against four others, "
        f"{one['num_comparisons']:,} comparisons, a find in {one['tables_with_a_find']} of "
        f"{one['num_tables']} tables"
        for one in result["nulls"]
    )
    return f"""\
## Is what was planted found, and nothing else?

{machine_line(result)}

{size["num_steps"]} steps of width {size["width"]} and batch {size["batch_size"]}, {size["num_seeds"]} seeds, {size["num_nulls"]} nulls where nothing else is said, {size["num_fakes"]} fakes and held-out images, D `{result["discriminator"]}`;
false discovery rate {100 * result["fdr"]:.0f} %. `benchmarks/planted.py`, data in `tests/planted.py`. The readouts were chosen on the blob of data seed 0, the tests
after a look at its data seed 10 too.

**A blob with cues**, 32 px: an independent cue (`cell_0_0`), one that the blob's size decides (`cell_0_3`), a quarter of the blob (`cell_1_1`), two inert
cells; each removed and exchanged between images. {limits}

{table(heads["blob"], blob_rows)}

**A patch of noise in one corner**, all 16 cells removed one by one: readouts in which the patch is first of all cells and stands out, what D
prefers of it, and blank corners (grey levels of at most 2) that stand out.

{table(heads["patch"], patch_rows)}

**Two independent cues and one inert cell**, data sets: {cues["num_data_seeds"]}; recall {cues["recall"]:.2f} (by G {cues["recall_by_g"]:.2f}, by D {cues["recall_by_d"]:.2f}); the inert cell stood out in
{cues["inert_found"]} of {cues["num_data_seeds"]}; false among the cells that stood out {100 * cues["false_discovery_rate"]:.0f} %, among the comparisons (cell x readout) that did
{100 * cues["false_among_comparisons"]:.1f} %.

**Nulls as variants** ({nulls}): how often p is so small.

{table(heads["nulls"], null_rows)}

**Screening**: every feature of the digits in full, against one round of 15 % of the steps with two seeds and the survivors in full (300 steps).
Saved: trained images without screening over those with it, rounds and nulls included.

{table(heads["screening"], screen_rows)}"""
