"""The bars of layers: each text where it can be read."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from ganatomy.report.figures import layer_bars as module
from ganatomy.report.figures.canvas import narrow, pixels


def _vitals(num_layers: int) -> pd.DataFrame:
    names = [f"blocks.{place}.conv" for place in range(num_layers)]
    return pd.DataFrame({"name": names, "rank": 3.0, "possible": 8, "cam": 0.5})


@pytest.mark.parametrize("num_layers", [1, 5, 60])
def test_no_title_lies_on_another_one_on_a_telephone(
    num_layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = []

    def measured(figure: Figure) -> NDArray[np.uint8]:
        drawn = pixels(figure)
        titles = [text for text in figure.findobj(Text) if ": " in text.get_text()]
        boxes.extend(text.get_window_extent() for text in titles)
        assert all(box.x0 >= 0 and box.x1 <= drawn.shape[1] for box in boxes)
        return drawn

    monkeypatch.setattr(module, "pixels", measured)
    with narrow():
        module.layer_bars({"G": _vitals(num_layers), "D": _vitals(num_layers)})
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
