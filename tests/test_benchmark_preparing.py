"""The benchmark of reading a folder does what its table says."""

import torch

from benchmarks import preparing


def test_each_way_is_timed_and_has_its_row() -> None:
    threads = torch.get_num_threads()
    found, many = preparing.measure(count=40, rounds=1), preparing._many(200)
    torch.set_num_threads(threads)
    assert found["count"] == 40
    assert set(found["images_per_s"]) == set(preparing._WAYS) == set(found["seconds"])
    for way, (took,) in found["seconds"].items():
        assert abs(40 / found["images_per_s"][way] - took) < 0.002, way
    at = {"processor": "p", "cores": 2, "memory_gib": 1, "system": "s", "versions": {}}
    assert many["num_train"] == 160
    assert min(many["fetch_s"], many["prepare_s"], many["duplicates_in_train_s"]) >= 0
    page = preparing.section([{"machine": at, **each} for each in (many, found)])
    assert page.count("\n| ") == 1 + len(preparing._WAYS)
