"""The model card: a head that YAML reads, figures of the page alone, and texts that stay texts."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.model import build_gan
from ganatomy.report.model_card import model_card
from ganatomy.report.twin import Record
from tests.unit.report.page_facts import facts
from tests.unit.report.test_twin import NUMBER, both, known_numbers

_HOSTILE = "---\nlicense: mit\n# Mine *bold* [x](http://x) `code` <b>| \u202e\ufffe\U0001f600 1"
_FIXED = {"95", "16", "0", "256", "5"}  # intervals, the example's call, SHA-256 and MD5


def _twin(**about: str) -> Record:
    given: dict[str, Any] = facts()
    given["params"]["report"] = about
    given["quality"]["rows"][0]["name"] = "fcd"  # as the section gives it; no page shows it
    given["artifacts"] = [{"stage": "train", "path": "models/gan", "md5": "d41d8cd9"}]
    return both(given)[1]


def _head_and_body(card: str) -> tuple[dict[str, Any], str]:
    before, head, body = re.split(r"^---\n", card, maxsplit=2, flags=re.M)
    assert before == ""
    return yaml.safe_load(head), body


def test_the_head_is_what_hubs_read() -> None:
    head, _ = _head_and_body(model_card(_twin()))
    assert head["library_name"] == "ganatomy"
    assert head["pipeline_tag"] == "unconditional-image-generation"
    assert "gan" in head["tags"]
    assert head["metrics"] == ["fcd"]
    assert "license" not in head


def test_a_conditional_gan_is_no_unconditional_one() -> None:
    twin = _twin()
    train = next(each for each in twin["sections"] if each["name"] == "train")
    train["facts"]["settings"]["method"] = {"conditional": True}
    head, body = _head_and_body(model_card(twin))
    assert "pipeline_tag" not in head
    assert "- conditional: yes" in body


def test_every_number_of_the_card_is_in_the_twin() -> None:
    twin = _twin(limits="At most 31 of them.")
    _, body = _head_and_body(model_card(twin))
    found = set(NUMBER.findall(body.replace("\\", "")))
    assert not found - known_numbers(twin) - _FIXED
    assert {"31", "0.52", "0.41", "0.63"} <= found


def test_the_card_says_what_the_page_says() -> None:
    twin = _twin(intended_use="For teaching.", licence="CC-BY", origin="A drawer", author="Ada")
    _, body = _head_and_body(model_card(twin))
    assert f"**{twin['verdict']['headline']}**" in body
    for clause in twin["verdict"]["clauses"]:
        assert re.search(
            rf"\*\*{re.escape(clause['title'])}\*\* (.*\. )?{re.escape(clause['words'])}", body
        )
    assert "**Does it work?** No. 41 of 43: no." in body
    assert "## Intended use\n\nFor teaching." in body
    assert "## Limits\n\nNot stated." in body
    assert "Origin: A drawer. Licence of the data: CC-BY." in body
    assert "By Ada" in body
    assert "- **Warning: an alarm**" in body
    assert "MD5 as DVC has it: d41d8cd9" in body
    assert "| a distance | 0.52 | 0.41 to 0.63 | 0.7 (0.6 to 0.8) | an answer |" in body


def test_what_a_user_named_neither_ends_the_head_nor_formats_the_body() -> None:
    about = dict.fromkeys(("intended_use", "limits", "licence", "origin", "author"), _HOSTILE)
    twin = _twin(**about)
    twin["title"] = _HOSTILE
    for section in twin["sections"]:
        if section["name"] == "evaluate":
            section["facts"]["quality"]["rows"][0] |= {"name": _HOSTILE, "label": _HOSTILE}
            section["alarms"] = [_HOSTILE]
    head, body = _head_and_body(model_card(twin))
    assert head["metrics"] == [_HOSTILE]
    assert "license" not in head
    assert "\u202e" not in body
    assert not re.search(r"(?<!\\)(\*bold|\[x|<b|`code)", body)
    assert not re.search(r"^(license|# Mine)", body, re.M)
    assert len(re.findall(r"^# ", body, re.M)) == 1
    row = next(line for line in body.splitlines() if line.startswith("|") and "Mine" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


def test_a_run_without_results_has_a_card_nevertheless() -> None:
    twin = _twin()
    twin["sections"] = []
    head, body = _head_and_body(model_card(twin))
    assert "metrics" not in head
    assert "## Quality" not in body
    assert "## How to load it" in body


def test_the_example_makes_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_gan(
        build_gan(Architecture(image_size=28, channels=1, latent_dim=8, width=4), seed=0),
        "models/gan",
    )
    [code] = re.findall(r"```python\n(.*?)```", model_card(_twin()), re.S)
    made: dict[str, Any] = {}
    exec(code, made)
    assert made["images"].shape == (16, 1, 28, 28)
    assert made["images"].dtype == torch.uint8
