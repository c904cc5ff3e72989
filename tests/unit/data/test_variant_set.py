"""What was made of every recipe: told, kept, and read again."""

from pathlib import Path

import pytest
import torch

from ganatomy.data.card import content_hash
from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import recipes
from ganatomy.data.recipe import Recipe, Regions
from ganatomy.data.variant_set import VariantEntry, VariantSet
from ganatomy.data.variants import make_variant
from ganatomy.data.variation import make_variants
from ganatomy.errors import InputError


def test_each_is_handed_over_and_described(digits: Dataset) -> None:
    asked = recipes(["blur", "background"], digits, num_nulls=1, seed=0, regions=Regions(7))
    handed: list[tuple[VariantEntry, Dataset | None]] = []
    steps: list[tuple[int, int]] = []
    warnings: list[str] = []
    variants = make_variants(
        digits,
        asked,
        on_made=lambda entry, changed: handed.append((entry, changed)),
        on_progress=lambda done, total: steps.append((done, total)),
        on_warning=warnings.append,
    )
    assert [entry for entry, _ in handed] == list(variants.entries)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert len(warnings) == 1
    assert "background changes nothing" in warnings[0]
    blur, background, null = variants.entries
    made = make_variant(digits, asked[0])
    changed = handed[0][1]
    assert changed is not None
    assert torch.equal(changed.images, made.images)
    assert (blur.sha256, blur.num_images) == (content_hash(made), len(digits))
    difference = (made.images.int() - digits.images.int()).abs().double().mean()
    assert blur.mean_change == pytest.approx(float(difference), rel=1e-9)
    assert handed[1][1] is None
    assert background.changes_nothing
    assert null.mean_change == 0
    assert variants.trainable() == [asked[0], asked[2]]
    assert variants.metrics() == {
        "num_variants": 1,
        "num_nulls": 1,
        "num_that_change_nothing": 1,
    }
    assert variants.verdict() == (
        "Data sets with something changed: 1, unchanged: 1. "
        "Without effect on this data: background."
    )


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    regions = Regions(2, ("eye.png",))
    entries = (
        VariantEntry(Recipe("hue", ("hue",), "remove", 0, "", "colour"), "no colours"),
        VariantEntry(
            Recipe("cell_0_0", ("cell_0_0",), "noise", 3, "noise there", "region", regions),
            "",
            "c0ffee",
            12,
            0.1 + 0.2,
        ),
    )
    VariantSet(entries).save(tmp_path)
    assert VariantSet.load(tmp_path) == VariantSet(entries)


@pytest.mark.parametrize("text", ["[{}]", '[{"recipe": {"name": "a"}}]', "[3]"])
def test_a_damaged_index_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(InputError, match=r"no index of variants .*index\.json"):
        VariantSet.load(tmp_path)


def test_nothing_that_changes_anything_is_refused(digits: Dataset) -> None:
    asked = recipes(["background"], digits, num_nulls=2, seed=0)
    with pytest.raises(InputError, match="none of the features changes anything"):
        make_variants(digits, asked)
