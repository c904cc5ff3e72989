"""Whether an explanation can be trusted: every test of every kind of map, in a table and words."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import pandas as pd
import torch

from ganatomy.explain.faithfulness.examination import Examination, examine
from ganatomy.explain.faithfulness.infidelity import sensitivity
from ganatomy.explain.faithfulness.randomisation import randomisation
from ganatomy.explain.faithfulness.stability import seed_stability
from ganatomy.explain.faithfulness.verdict import QUESTIONS, RULES, trust
from ganatomy.explain.maps.methods import LIME
from ganatomy.explain.networks.targets import d_logit
from ganatomy.facade.explanation import Asked, Maps

_FEW = 16  # images of the tests that explain anew many times, at 32 by 32 pixels


@dataclass(frozen=True, eq=False)
class Trust:
    """The verdict on each kind of map.

    Attributes
    ----------
    table : DataFrame
        As of `faithfulness.verdict.trust`: one row for each method.
    examination : Examination
        What it rests on.
    num_images : int
    """

    table: pd.DataFrame
    examination: Examination
    num_images: int

    def words(self) -> tuple[str, ...]:
        """Say of each kind of map whether it is trusted, and if not, why."""
        passed = self.table[self.table["trusted"]]["method"].tolist()
        head = f"{len(passed)} of {len(self.table)} kinds of map can be trusted"
        names = f": {', '.join(passed)}" if passed else ""
        reasons = [
            f"{row['method']} cannot: {row['why']}."
            for _, row in self.table.iterrows()
            if not row["trusted"]
        ]
        return f"{head}, by {self.num_images} images{names}.", *reasons

    def rules(self) -> dict[str, str]:
        """Say what each question asks, word by word."""
        return dict(RULES)

    def _repr_html_(self) -> str:
        """What a notebook shows: the table and the rules."""
        columns = ("method", *QUESTIONS, "why")
        head = "".join(f"<th>{name}</th>" for name in ("kind of map", *QUESTIONS, "why not"))
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(str(row[name]))}</td>" for name in columns) + "</tr>"
            for _, row in self.table.iterrows()
        )
        rules = "".join(f"<li><b>{name}</b>: {escape(rule)}</li>" for name, rule in RULES.items())
        table = f"<table><tr>{head}</tr>{rows}</table>"
        return f"<p>{escape(self.words()[0])}</p>{table}<ul>{rules}</ul>"


def examined(
    asked: Asked,
    of_d: Maps,
    *,
    num_seeds: int = 3,
    num_perturbations: int = 10,
    num_steps: int = 14,
    on_progress: Callable[[str], None] = lambda test: None,
) -> Trust:
    """Test the maps of an explanation: are they faithful, stable and sane?

    The same is asked again with other seeds, of images with noise, and of networks with random
    weights; and what the maps name is removed from the images.

    Parameters
    ----------
    asked : Asked
    of_d : Maps
        Made by it. A map that means nothing is left out of every test.
    num_seeds : int
        Of LIME, and random networks.
    num_perturbations : int
        Noisy copies of each image.
    num_steps : int
        Of the curves of deletion and insertion.
    on_progress : callable
        Told the name of each test that is done.
    """
    seed, methods, layers = asked.seed, asked.methods, asked.layers
    target = d_logit(asked.discriminator)
    some = asked.images[: _few(asked.images)]
    fills = asked.fills_of(some, seed)  # of the clean images: noise is to change nothing else
    seeds = range(seed, seed + num_seeds)
    again = [
        {LIME: methods.lime_map(target, some, asked.fills_of(some, each), each)} for each in seeds
    ]
    on_progress("seeds")
    sensitivities = sensitivity(
        lambda noisy: methods.maps(target, layers, noisy, fills, seed),
        some,
        seed,
        num_samples=num_perturbations,
    )
    on_progress("sensitivity")
    cascade = randomisation(
        asked.discriminator,
        lambda model: methods.maps(d_logit(model), layers, some, fills, seed),
        seed,
        num_seeds,
    )
    on_progress("randomisation")
    found = examine(
        target,
        asked.images,
        _without_refused(of_d),
        asked.fills_of(asked.images, seed)[:, 0],
        {"seed_stability": seed_stability(again), "sensitivity": sensitivities},
        cascade,
        seed,
        num_steps,
        on_progress,
    )
    return Trust(trust(found.measures), found, len(asked.images))


def _few(images: torch.Tensor) -> int:
    return max(4, min(_FEW, _FEW * 32**2 // images[0, 0].numel()))


def _without_refused(of_d: Maps) -> dict[str, torch.Tensor]:
    kept = {}
    for name, maps in of_d.maps.items():
        told = torch.tensor([not reason for reason in of_d.reasons[name]])
        kept[name] = torch.where(told[:, None, None], maps, torch.nan)
    return kept
