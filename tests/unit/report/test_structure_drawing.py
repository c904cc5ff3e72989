"""Drawings of networks that are deep, or joined by many lines."""

from dataclasses import replace
from itertools import combinations, pairwise

import pandas as pd

from ganatomy.explain.structure.graph import INPUT, OUTPUT, NetworkGraph, Part
from ganatomy.explain.structure.result import NetworkStructure
from ganatomy.explain.structure.vitals import COLUMNS
from ganatomy.report.sections.structure_drawing import drawings


def _structure(names: list[str], edges: list[tuple[str, str]]) -> NetworkStructure:
    parts = [Part(name, "Conv2d", name, (1, 4, 4)) for name in [INPUT, *names, OUTPUT]]
    graph = NetworkGraph(tuple(parts), tuple(edges), 0)
    return NetworkStructure(graph, "", (), (), {}, pd.DataFrame(columns=list(COLUMNS)))


def test_what_is_in_a_block_is_folded_again_until_it_can_be_read() -> None:
    names = [f"{one}.{two}.{three}" for one in "abcd" for two in range(9) for three in range(9)]
    ends = [INPUT, *names, OUTPUT]
    found = drawings(_structure(names, list(pairwise(ends))))
    assert [len(each["boxes"]) for each in found[:3]] == [6, 9, 9]
    assert [each["title"] for each in found[:3]] == ["", "a", "a.0"]
    assert len(found) == 1 + 4 + 4 * 9
    assert all(len(each["boxes"]) <= 26 for each in found)


def test_of_many_lines_those_that_go_round_are_counted_and_not_drawn() -> None:
    names = [str(place) for place in range(20)]
    found = drawings(_structure(names, list(combinations([INPUT, *names, OUTPUT], 2))))
    assert len(found) == 1
    assert len(found[0]["lines"]) == 21
    assert found[0]["left_out"] == 22 * 21 // 2 - 21
    few = drawings(_structure(names[:5], list(combinations([INPUT, *names[:5], OUTPUT], 2))))
    assert (len(few[0]["lines"]), few[0]["left_out"]) == (21, 0)
    assert sum(each["is_skip"] for each in few[0]["lines"]) == 15


def test_a_name_fits_its_box_and_is_whole_in_the_note() -> None:
    names = [
        f"features.block{one}.layer{two}.of_many_words" for one in range(5) for two in range(9)
    ]
    ends = [INPUT, *names, OUTPUT]
    top, inside, *_ = drawings(_structure(names, list(pairwise(ends))))
    assert top["boxes"][1]["title"] == "features.block0 (9 parts)"
    assert inside["boxes"][0]["title"] == "layer0.of_many_words Conv2d"
    assert names[0] in inside["boxes"][0]["note"]
    long = drawings(_structure(["a" * 20 + "b" * 80], []))[0]["boxes"][1]
    assert long["title"] == "a" * 7 + "…" + "b" * 15 + " Conv2d"
    assert long["note"] == "a" * 20 + "b" * 80


def test_the_note_says_how_far_weights_moved_where_it_is_known() -> None:
    structure = _structure(["one", "two"], [(INPUT, "one"), ("one", "two"), ("two", OUTPUT)])
    row = dict.fromkeys(COLUMNS, 1.0)
    rows = [row | {"name": "one", "moved": 0.25}, row | {"name": "two", "moved": float("nan")}]
    told = replace(structure, vitals=pd.DataFrame(rows, columns=list(COLUMNS)))
    notes = {each["title"]: each["note"] for each in drawings(told)[0]["boxes"]}
    assert "its weights moved by 25 % of their norm at first" in notes["one Conv2d"]
    assert "moved" not in notes["two Conv2d"]
