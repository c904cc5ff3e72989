"""Whether an explanation can be trusted: every test of every kind of map, in a table and words."""

from dataclasses import dataclass
from html import escape
from itertools import count

import pandas as pd

from ganatomy.explain.faithfulness.effort import DEFAULT_EFFORT, Effort
from ganatomy.explain.faithfulness.examination import Examination
from ganatomy.explain.faithfulness.judged import TESTS_OF_D, few_of, judge_images, verdicts_on
from ganatomy.explain.faithfulness.verdict import QUESTIONS, RULES
from ganatomy.facade.alone import alone
from ganatomy.facade.explanation import Asked
from ganatomy.wording import counted, of_all, opened


@dataclass(frozen=True, eq=False)
class Trust:
    """The verdict on each kind of map.

    Attributes
    ----------
    table : DataFrame
        As of `faithfulness.verdict.trust`: one row for each method; and in ``refused`` why some of
        its maps were left out, "" where none was.
    examination : Examination
        What it rests on.
    num_images : int
    """

    table: pd.DataFrame
    examination: Examination
    num_images: int

    def __repr__(self) -> str:
        return "\n".join(self.words())

    def words(self) -> tuple[str, ...]:
        """Say of each kind of map whether it is trusted, and if not, why."""
        passed = self.table[self.table["trusted"]]["method"].tolist()
        every = of_all(len(passed), len(self.table), "kind")
        head = f"{opened(every)} of map can be trusted"
        names = f": {', '.join(passed)}" if passed else ""
        reasons = [
            f"{row['method']} cannot: {row['why']}."
            for _, row in self.table.iterrows()
            if not row["trusted"]
        ]
        refused = [
            f"{row['method']}: {row['refused']}."
            for _, row in self.table.iterrows()
            if row["refused"]
        ]
        return f"{head}, by {counted(self.num_images, 'image')}{names}.", *reasons, *refused

    def rules(self) -> dict[str, str]:
        """Say what each question asks, word by word."""
        return dict(RULES)

    def _repr_html_(self) -> str:
        """Show the table and the rules in a notebook."""
        columns = ("method", *QUESTIONS, "why", "refused")
        head = "".join(
            f"<th>{name}</th>" for name in ("kind of map", *QUESTIONS, "why not", "left out")
        )
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(str(row[name]))}</td>" for name in columns) + "</tr>"
            for _, row in self.table.iterrows()
        )
        rules = "".join(f"<li><b>{name}</b>: {escape(rule)}</li>" for name, rule in RULES.items())
        table = f"<table><tr>{head}</tr>{rows}</table>"
        return f"<p>{escape(self.words()[0])}</p>{table}<ul>{rules}</ul>"


def examined(asked: Asked, *, effort: Effort = DEFAULT_EFFORT) -> Trust:
    """Test the maps of an explanation: are they faithful, stable and sane?

    The same is asked again with other seeds, of images with noise, and of networks with random
    weights; and what the maps name is removed from the images. A map that means nothing is left
    out of every test.

    Parameters
    ----------
    asked : Asked
    effort : Effort
    """
    numbers = count(1)
    with alone(asked.seed):
        judged = judge_images(
            asked.discriminator,
            asked.layers,
            asked.images,
            some=asked.images[: few_of(asked.images)],
            hide=asked.fills,
            pool=asked.images if asked.reals is None else asked.reals,
            methods=asked.methods,
            effort=effort,
            seed=asked.seed,
            on_test=lambda test: asked.on_progress(next(numbers), TESTS_OF_D, test),
        )
    table = verdicts_on(judged.examination.measures, judged.refusals)
    return Trust(table, judged.examination, len(asked.images))
