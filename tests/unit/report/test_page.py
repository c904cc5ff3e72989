"""The page escapes what it is given, asks nothing of a network, and misses no fact quietly."""

import base64
import copy
import re
from typing import Any

import jinja2
import pytest

from ganatomy.report import page
from ganatomy.report.page import render_page

ATTACK = "<script>alert('x')</script>"
FIGURES = [
    "contact_sheet",
    "samples",
    "fidelity",
    "fidelity_inception",
    "suspects",
    "classes",
    "importance",
    "variant_blur",
    "gradcam_d_real",
    "gradcam_d_fake",
    "gradcam_g_fake",
    "lime_d_real",
    "lime_d_fake",
    "curves",
    "samples_00",
    "film",
]
PNG = {name: f"png of {name}".encode() for name in FIGURES} | {"film": b"GIF89a of film"}


def _facts() -> dict[str, Any]:
    split = {
        "num_images": 4000,
        "image_size": 28,
        "channels": 1,
        "channel_mean": [33.3],
        "channel_std": [78.5],
        "sha256": "0a" * 32,
        "class_counts": {"zero": 2000, "one": 2000},
    }
    effect = {"stands_out": True, "effect": 0.5, "half": 0.1}
    row = {
        "rank": 1,
        "variant": "blur",
        "meaning": "all is blurred",
        "effects": [effect],
        "max_abs_t": 12.3,
        "stands_out": True,
        "same_images": True,
    }
    measured = {"value": 0.52, "low": 0.41, "high": 0.63}
    divergence = {**measured, "floor": 0.01, "floor_high": 0.02}
    metric = {**measured, "floor": 0.7, "floor_low": 0.6, "floor_high": 0.8}
    evidence = {**measured, "space": "pixels", "bad": False}
    return {
        "title": "A title",
        "version": "1.2.3",
        "class_word": "classes",
        "data": {
            "origin": "somewhere",
            "train": split,
            "test": {**split, "num_images": 1000},
            "num_quarantined": 1,
        },
        "quarantine": [{"file": "a.png", "reason": "empty file"}],
        "params": {
            "base": {"seed": 0},
            "importance": {"alpha": 0.05},
            "lime": {"segment_side": 4, "num_samples": 1000},
            "train": {"batch_size": 64, "epochs": 40},
        },
        "environment": {"device": "cpu", "packages": {"torch": "2"}},
        "alarms": ["an alarm"],
        "quality": {
            "rows": [{**metric, "name": "fcd", "meaning": "a question", "words": "an answer"}],
            "count": 1000,
            "fcd": metric,
            "by_inception": True,
        },
        "memorisation": {
            "verdict": "a verdict",
            "copies_found": False,
            "reason": "a reason",
            "rule": "a rule",
            "rows": [
                {**evidence, "measure": "share below", "floor": 0.01, "is_share": True},
                {**evidence, "measure": "C_T", "floor": 0, "is_share": False},
                {**evidence, **metric, "measure": "authenticity", "is_share": True},
            ],
        },
        "generalisation": {
            "over_fits": False,
            "auc": 0.501,
            "auc_low": 0.49,
            "auc_high": 0.51,
            "gap_sd": 0.04,
            "train_accuracy": 0.9,
            "held_out_accuracy": 0.8,
            "fake_accuracy": 0.7,
            "auc_held_out_fake": 0.95,
            "has_level": True,
        },
        "guards": [
            {"name": "collapse", "rule": "a rule of guards", "findings": ["a finding"]},
            {"name": "saturation", "rule": "another rule", "findings": []},
        ],
        "classes": {
            "num_modes": 10,
            "num_found": 8,
            "missing": ["zero"],
            "unsettled": ["one"],
            "jensen_shannon": divergence,
            "total_variation": divergence,
        },
        "evaluator": {"test_accuracy": 0.987, "by_rotation": 0},
        "importance": {
            "rows": [row],
            "readouts": ["g_fcd"],
            "meanings": {"g_fcd": "a distance"},
            "threshold": 4.2,
            "num_comparisons": 1,
            "num_seeds": 3,
            "num_nulls": 4,
            "not_judged": [],
        },
        "lime": {"mean_r2_d_real": 0.5, "mean_r2_d_fake": 0.4},
        "train": {
            "num_parameters_generator": 1234567,
            "num_parameters_discriminator": 5,
            "num_steps": 7,
            "published_step": 5,
        },
        "stills": [{"name": "samples_00", "step": 3}],
        "provenance": {"commit": "abc"},
        "artifacts": [{"stage": "train", "path": "models/gan", "md5": "d41d"}],
    }


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in the facts there are texts."""
    if isinstance(value, dict):
        return [leaf for key in value for leaf in _leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [leaf for k in range(len(value)) for leaf in _leaves(value[k], (*path, k))]
    return [path] if isinstance(value, str) else []


def _with(path: tuple[Any, ...], text: str) -> dict[str, Any]:
    facts = copy.deepcopy(_facts())
    inner: Any = facts
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = text
    return facts


NAMES_OF_FIGURES = [("stills", 0, "name"), ("importance", "rows", 0, "variant")]


@pytest.mark.parametrize(
    "path", [path for path in _leaves(_facts()) if path not in NAMES_OF_FIGURES], ids=str
)
def test_every_text_is_escaped(path: tuple[Any, ...]) -> None:
    html = render_page(_with(path, ATTACK), PNG)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 1


def test_names_of_columns_and_classes_are_escaped() -> None:
    facts = _facts()
    facts["data"]["train"]["class_counts"] = {ATTACK: 1}
    facts["importance"]["meanings"] = {ATTACK: ATTACK}
    facts["provenance"] = {ATTACK: ATTACK}
    facts["params"][ATTACK] = {ATTACK: ATTACK}
    html = render_page(facts, PNG)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 8


def test_quotes_cannot_leave_an_attribute() -> None:
    html = render_page(_with(("title",), '" onload="alert(1)'), PNG)
    assert '" onload=' not in html


def test_page_is_self_contained() -> None:
    html = render_page(_facts(), PNG)
    assert "<script" not in html
    assert not re.search(r"<link|@import|url\(|https?://|//cdn", html)
    sources = re.findall(r'src="([^"]*)"', html)
    kinds = [source.partition(";base64,")[0] for source in sources]
    assert sorted(set(kinds)) == ["data:image/gif", "data:image/png"]
    assert kinds.count("data:image/gif") == 1
    shown = {base64.b64decode(source.partition(",")[2]) for source in sources}
    assert shown == set(PNG.values())


def test_every_picture_has_a_description() -> None:
    pictures = re.findall(r"<img[^>]*>", render_page(_facts(), PNG))
    assert len(pictures) == len(PNG)
    assert all(re.search(r'alt="[^"]{3,}"', picture) for picture in pictures)


def test_every_link_inside_the_page_leads_somewhere() -> None:
    html = render_page(_facts(), PNG)
    targets = re.findall(r'href="#([^"]+)"', html)
    assert targets
    assert all(f'id="{target}"' in html for target in targets)


@pytest.mark.parametrize("name", sorted(_facts()))
def test_missing_fact_is_an_error(name: str) -> None:
    facts = _facts()
    del facts[name]
    with pytest.raises(jinja2.UndefinedError, match=name):
        render_page(facts, PNG)


def test_missing_figure_is_an_error() -> None:
    for name in FIGURES:
        with pytest.raises(KeyError, match=name):
            render_page(_facts(), {key: value for key, value in PNG.items() if key != name})


def test_limit_is_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    html = render_page(_facts(), PNG)
    assert len(html.encode()) > len(html)  # it has letters of more than one byte
    monkeypatch.setattr(page, "MAX_BYTES", len(html.encode()))
    assert render_page(_facts(), PNG) == html
    monkeypatch.setattr(page, "MAX_BYTES", len(html.encode()) - 1)
    with pytest.raises(ValueError, match=f"{len(html.encode())} bytes"):
        render_page(_facts(), PNG)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (("importance", "not_judged", ["d_shift"]), "cannot be judged"),
        (("evaluator", "by_rotation", 1), "the data has no"),
        (("importance", "num_seeds", 1), "1\n    time,"),
        (("memorisation", "copies_found", True), '<p class="warning"><b>G: a verdict'),
        (("generalisation", "over_fits", True), "D favours its training images"),
        (("generalisation", "has_level", False), "the sign of its logit means nothing"),
        (("classes", "missing", []), "No class is missing"),
    ],
)
def test_what_is_said_only_when_it_is_so(change: tuple[str, str, Any], shown: str) -> None:
    facts = _facts()
    assert shown not in render_page(facts, PNG)
    facts[change[0]][change[1]] = change[2]
    assert shown in render_page(facts, PNG)


def test_alarms_stand_before_everything_else() -> None:
    facts = _facts()
    html = render_page(facts, PNG)
    assert html.index("an alarm") < html.index("<section")
    assert 'role="alert"' in html
    facts["alarms"] = []
    assert 'role="alert"' not in render_page(facts, PNG)


def test_each_guard_says_what_it_found() -> None:
    html = render_page(_facts(), PNG)
    collapse, saturation = (html.index(f"<b>{name}</b>") for name in ("collapse", "saturation"))
    assert collapse < html.index("a finding") < saturation < html.index("did not happen")
    assert html.count("did not happen") == 1


def test_without_inception_there_is_no_second_chart() -> None:
    facts = _facts()
    facts["quality"]["by_inception"] = False
    figures = {name: content for name, content in PNG.items() if name != "fidelity_inception"}
    assert "Inception" not in render_page(facts, figures)


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (0, ["52.0\xa0%", "41.0\xa0% to 63.0\xa0%", "1.0\xa0%"]),
        (1, ["0.52", "0.41 to 0.63", "0"]),
        (2, ["52.0\xa0%", "41.0\xa0% to 63.0\xa0%", "70.0\xa0%", "60.0\xa0% to 80.0\xa0%"]),
    ],
)
def test_rows_of_memorisation_are_shares_or_numbers(row: int, shown: list[str]) -> None:
    facts = _facts()
    measure = facts["memorisation"]["rows"][row]["measure"]
    html = render_page(facts, PNG)
    line = html[html.index(f"<td>{measure}</td>") :].partition("</tr>")[0]
    figures = re.findall(r'<td class="figure">(.*?)</td>', line)
    parts = [part for cell in figures for part in re.split(r"<br>|</?small>", cell) if part]
    assert parts == shown
    assert "unsuspicious" in line
    facts["memorisation"]["rows"][row]["bad"] = True
    line = render_page(facts, PNG)
    line = line[line.index(f"<td>{measure}</td>") :].partition("</tr>")[0]
    assert ("copies" if row == 0 else "nearer than held-out images") in line


def test_refused_images_are_listed() -> None:
    facts = _facts()
    assert "empty file" in render_page(facts, PNG)
    facts["quarantine"] = []
    assert "No image was refused" in render_page(facts, PNG)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (0.0, "0"),
        (0.123456, "0.123"),
        (12.345, "12.3"),
        (-0.00012345, "-0.000123"),
        (999.4, "999"),
        (999.7, "1,000"),
        (-999.7, "-1,000"),
        (1000.4, "1,000"),
        (1234567.8, "1,234,568"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert page._number(value) == text
