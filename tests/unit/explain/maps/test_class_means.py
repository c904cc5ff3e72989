"""Means of classes: kept and read again as they were."""

from pathlib import Path

import torch

from ganatomy.explain.maps.class_means import ClassMeans


def test_what_is_saved_is_loaded_by_case_and_class(tmp_path: Path) -> None:
    means = {
        "d_real": {"all/some": torch.ones(2, 3), "b": torch.zeros(2, 3)},
        "g_fake": {"b": torch.full((2, 3), 2.0)},
    }
    images = {"all/some": torch.rand(1, 2, 3), "b": torch.rand(1, 2, 3)}
    ClassMeans(means, images, "hirescam").save(tmp_path)
    found = ClassMeans.load(tmp_path)
    torch.testing.assert_close(found.means, means)
    torch.testing.assert_close(found.images, images)
    assert found.method == "hirescam"


def test_no_case_is_no_mean(tmp_path: Path) -> None:
    ClassMeans({}, {"all": torch.zeros(1, 2, 2)}, "lime").save(tmp_path)
    assert ClassMeans.load(tmp_path).means == {}
