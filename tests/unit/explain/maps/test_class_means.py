"""Means of classes: kept and read again as they were."""

from pathlib import Path

import torch

from ganatomy.explain.maps.class_means import ClassMeans


def test_what_is_saved_is_loaded_by_case_and_class(tmp_path: Path) -> None:
    means = {
        "d_real": {"all/some": torch.ones(2, 3), "b": torch.zeros(2, 3)},
        "g_fake": {"b": torch.full((2, 3), 2.0)},
    }
    images = {"b": torch.rand(1, 2, 3), "all/some": torch.rand(1, 2, 3)}
    ClassMeans(means, images, "hirescam", {"d_real": 7, "g_fake": 9}).save(tmp_path)
    found = ClassMeans.load(tmp_path)
    torch.testing.assert_close(found.means, means)
    torch.testing.assert_close(found.images, images)
    assert list(found.images) == ["b", "all/some"]  # in the order of the labels, as they were
    assert list(found.means) == ["d_real", "g_fake"]
    assert found.method == "hirescam"
    assert found.counts == {"d_real": 7, "g_fake": 9}


def test_no_case_is_no_mean(tmp_path: Path) -> None:
    ClassMeans({}, {"all": torch.zeros(1, 2, 2)}, "lime", {}).save(tmp_path)
    assert ClassMeans.load(tmp_path).means == {}
