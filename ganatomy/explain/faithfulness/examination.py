"""All tests of the maps of one target, side by side with their controls."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch

from ganatomy.explain.faithfulness.controls import controls, with_controls
from ganatomy.explain.faithfulness.infidelity import infidelity
from ganatomy.explain.faithfulness.measure_tables import curve_table, measures_table
from ganatomy.explain.faithfulness.ranks import Cells
from ganatomy.explain.faithfulness.removal import deletion_insertion
from ganatomy.explain.faithfulness.road import IMPUTERS, road
from ganatomy.explain.networks.targets import Target

Maps = dict[str, torch.Tensor]
Scores = dict[str, dict[str, torch.Tensor]]


@dataclass(frozen=True)
class Examination:
    """The measures, curves and raw scores of the removal tests.

    Attributes
    ----------
    measures : DataFrame
        As `verdict.trust` takes it.
    curves : DataFrame
        Mean deletion and insertion curves: method, line (``map`` or a control), kind, share, mean,
        low, high.
    scores : DataFrame
        One row for each image, map and measure: image, method, control ("" for the map itself),
        measure, value. The raw figures behind `measures`, infidelity among them.
    """

    measures: pd.DataFrame
    curves: pd.DataFrame
    scores: pd.DataFrame


def examine(
    target: Target,
    images: torch.Tensor,
    maps: Maps,
    *,
    fill: torch.Tensor,
    pool: torch.Tensor,
    cells: Cells | None = None,
    stability: Scores,
    cascade: pd.DataFrame,
    seed: int,
    num_steps: int = 14,
    on_progress: Callable[[str], None] = lambda test: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> Examination:
    """Remove what the maps name, and see whether it counts.

    Parameters
    ----------
    target : Target
        Of images.
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1], on the network's device
    maps : dict of str to Tensor of shape (n, h, w)
        Attributions by method. NaN: refused, left out of every test.
    fill : Tensor of shape (n, c, h, w)
        What hides pixels in deletion, insertion and infidelity.
    pool : Tensor of shape (k, c, h, w)
        Other images, from which one imputer of `road.road` takes content.
    cells : dict of str to LongTensor of shape (h, w) or (n, h, w), optional
        By method: what a coarse map ranks; see `ranks.removal_ranks`.
    stability : dict of str to dict of str to Tensor of shape (m,)
        By measure (`verdict.STABILITY`) and method, measured before.
    cascade : DataFrame
        Of `randomisation`, measured before.
    seed : int
    num_steps : int
        Of the curves.
    on_progress : callable
        Told the name of each test that is done.
    on_warning : callable

    Raises
    ------
    InputError
        Those of the tests.
    """
    together, names, in_cells = with_controls(maps, controls(images.cpu(), maps, seed), cells)
    curves = deletion_insertion(
        target,
        images,
        together,
        fill=fill,
        cells=in_cells,
        num_steps=num_steps,
        seed=seed,
        on_warning=on_warning,
    )
    on_progress("deletion and insertion")
    removal = {"insertion_deletion": {name: each.faithfulness for name, each in curves.items()}}
    for imputer in IMPUTERS:
        removal[f"road_{imputer}"] = road(
            target,
            images,
            together,
            imputer=imputer,
            pool=pool,
            cells=in_cells,
            seed=seed,
            on_warning=on_warning,
        )
        on_progress(f"ROAD, {imputer}")
    errors = infidelity(target, images, together, fill=fill, seed=seed, on_warning=on_warning)
    on_progress("infidelity")
    return Examination(
        measures_table(removal, names, cascade, stability=stability),
        curve_table(curves, names),
        _scores({**removal, "infidelity": errors}, maps, names),
    )


def _scores(
    scores_by_measure: Scores, maps: Maps, names: dict[tuple[str, str], str]
) -> pd.DataFrame:
    lines = [(method, "", method) for method in maps]
    lines += [(method, control, name) for (method, control), name in names.items()]
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "image": range(len(by_name[name])),
                    "method": method,
                    "control": control,
                    "measure": measure,
                    "value": by_name[name].double().numpy(),
                }
            )
            for measure, by_name in scores_by_measure.items()
            for method, control, name in lines
        ],
        ignore_index=True,
    )
