"""Training curves and class histograms as pixels."""

import numpy as np
import pandas as pd

from ganatomy.report.curves import class_bars, training_curves

NAMES = ["train/d_loss", "train/g_loss", "train/d_real_logit", "train/d_fake_logit"]


def _points(factor: float = 1.0) -> pd.DataFrame:
    rows = [
        (step, name, factor * (k + 1) / (step + 1))
        for k, name in enumerate(NAMES)
        for step in range(20)
    ]
    return pd.DataFrame(rows, columns=["step", "name", "value"])


def test_equal_points_give_equal_pixels() -> None:
    first, second = training_curves(_points()), training_curves(_points())
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape == (360, 1230, 3)  # 2.4 by 8.2 inches at 150 dots each


def test_every_curve_shows() -> None:
    points = _points()
    whole = training_curves(points)
    for name in NAMES:
        moved = points.assign(value=points["value"] - 0.3 * (points["name"] == name))
        assert (training_curves(moved) != whole).any(), name


def test_other_curves_do_not_show() -> None:
    points = _points()
    extra = pd.DataFrame({"step": [1], "name": ["train/other"], "value": [99.0]})
    np.testing.assert_array_equal(
        training_curves(pd.concat([points, extra])), training_curves(points)
    )


def test_class_bars_are_shares() -> None:
    names = ["zero", "one", "two"]
    picture = class_bars(names, [10, 20, 30], [5, 5, 5])
    assert picture.shape == (330, 1230, 3)
    np.testing.assert_array_equal(picture, class_bars(names, [1, 2, 3], [200, 200, 200]))
    assert (picture != class_bars(names, [10, 20, 30], [5, 5, 6])).any()
    assert (picture != class_bars(names, [10, 20, 31], [5, 5, 5])).any()


def test_no_fakes_at_all_can_be_drawn() -> None:
    assert class_bars(["zero", "one"], [3, 4], [0, 0]).shape == (330, 1230, 3)
