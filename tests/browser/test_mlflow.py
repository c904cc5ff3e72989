"""What a reviewer sees in MLflow's own page, opened by `make ui` in a real browser."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest

from flows import publish
from ganatomy.data.images import write_png
from ganatomy.files import write_json
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.model import build_gan
from tests.browser import test_page
from tests.browser.test_page import CHROMIUM, Tab
from tests.flows import recorded
from tests.harness import ROOT, environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
tab = test_page.tab
KIND = "workflowType=machine_learning"
COVERAGES = (0.75, 0.5)
TABLE = """
(() => {
    const place = each => each.getBoundingClientRect();
    const seen = which => [...document.querySelectorAll(which)].sort(
        (a, b) => place(a).top - place(b).top || place(a).left - place(b).left);
    const head = seen('.ag-header-cell[col-id]');
    const cells = seen('.ag-center-cols-container [col-id]');
    return {
        columns: head.map(each => each.getAttribute('col-id')),
        cells: cells.map(each => [each.getAttribute('col-id'), each.innerText]),
    };
})()
"""
IMAGES = "[...document.querySelectorAll('img')].map(each => [each.alt, each.naturalWidth])"


@dataclass(frozen=True)
class Desk:
    """A project with two runs, served by `make ui`."""

    address: str
    opened: str
    runs: tuple[str, ...]
    stages: dict[str, str]  # nested runs of the last one

    def page(self, below: str) -> str:
        """An address in the experiment."""
        return f"{self.address}/#/experiments/1/{below}"


def _publish_two(root: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    recorded.results(root)
    recorded.verdict(root, "yes")
    shutil.rmtree(root / "models" / "gan")
    save_gan(build_gan(Architecture(28, 1, 5, 4), 0), root / "models" / "gan")
    drawn = root / "reports" / "report" / "images"
    for name in ("evaluate/samples", "prepare/cell_0_0", "prepare/class_1"):
        path = drawn / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, np.full((28, 56, 3), 99, dtype=np.uint8))
    client, experiment, _ = publish.connect()
    now, runs = int(time.time() * 1000) - 60_000, []
    for index, coverage in enumerate(COVERAGES):
        summary = {"coverage": coverage, "fcd": 2.0 + index, "published_step": 40}
        write_json(root / "reports" / "report" / "summary.json", summary)
        entry = recorded.run_entry(f"2026010{1 + index}T000000")
        entry.started_ms, entry.ended_ms = now + 10_000 * index, now + 10_000 * index + 5_000
        entry.tags |= {"profile": "default", "mlflow.user": "someone"}
        entry.params["base.seed"] = str(index)
        for stage in entry.stages:
            stage.digest += str(index)
            stage.started_ms, stage.ended_ms = entry.started_ms, entry.ended_ms
        publish.publish(client, experiment, entry, root)
        runs.append(entry.run_id)
    return tuple(runs), {stage.name: stage.run_id for stage in entry.stages}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    root = tmp_path_factory.mktemp("desk") / "project"
    root.mkdir()
    shutil.copy(ROOT / "dvc.yaml", root)
    with pytest.MonkeyPatch.context() as there:
        there.chdir(root)
        there.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
        mlflow.set_tracking_uri(None)
        runs, stages = _publish_two(root)
    moved = root.rename(root.with_name("moved"))
    told = moved.with_name("opened")
    browser = moved.with_name("browser")
    browser.write_text(f'#!/bin/sh\necho "$1" > {told}.part && mv {told}.part {told}\n')
    browser.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "flows", "ui", "--port", str(port)],
        cwd=moved,
        env=environment() | {"PYTHONPATH": str(ROOT), "BROWSER": f"{browser} %s"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not told.exists():
            assert server.poll() is None, "`make ui` ended"
            assert time.monotonic() < deadline, "`make ui` opened nothing"
            time.sleep(0.2)
        yield Desk(f"http://127.0.0.1:{port}", told.read_text().strip(), runs, stages)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _value(tab: Tab, expression: str) -> Any:
    found = tab.call("Runtime.evaluate", expression=expression, returnByValue=True)
    return found["result"].get("value")


def _look(tab: Tab, url: str, *words: str) -> str:
    """The text of a page as soon as it shows some words; the page builds itself step by step."""
    size = {"width": 2400, "height": 1400, "deviceScaleFactor": 1, "mobile": False}
    tab.call("Emulation.setDeviceMetricsOverride", **size)
    tab.call("Page.navigate", url="about:blank")
    tab.call("Page.navigate", url=url)
    deadline = time.monotonic() + 90
    while True:
        text = str(_value(tab, "document.body ? document.body.innerText : ''"))
        if all(word in text for word in words):
            return text
        assert time.monotonic() < deadline, f"not on the page of {url}: {words}\n{text}"
        time.sleep(0.3)


def test_the_last_run_is_opened_and_tells_what_it_came_to(tab: Tab, desk: Desk) -> None:
    assert desk.opened == desk.page(f"runs/{desk.runs[-1]}?{KIND}")
    text = _look(tab, desk.opened, recorded.HEADLINE, "coverage")
    note = text.partition("Description")[2].lstrip()
    assert note.startswith(recorded.HEADLINE)
    for word in ("Metrics (2)", "20260102T000000", "someone", "All runs, side by side"):
        assert word in text
    tags = " ".join(text.split())
    for tag in ("verdict : yes", "profile : default", "published_step : 40"):
        assert tag in tags or tag.replace(" :", ":") in tags, tags
    assert "Model registry" in text
    assert "Prompts & versions" not in text  # the face for language models


def test_the_table_of_runs_shows_verdict_and_headlines(tab: Tab, desk: Desk) -> None:
    page = desk.page(f"runs?{KIND}&viewStateShareKey=ganatomy")
    _look(tab, page, "20260101T000000", "20260102T000000", "verdict", "coverage")
    found = _value(tab, TABLE)
    columns = [name for name in found["columns"] if name.startswith(("tags.", "metrics."))]
    assert columns[:4] == [
        "tags.`verdict`",
        "tags.`profile`",
        "metrics.`fcd`",
        "metrics.`coverage`",
    ]
    shown = [text for name, text in found["cells"] if name == "metrics.`coverage`"]
    assert shown == [str(coverage) for coverage in reversed(COVERAGES)]  # newest first
    assert [text for name, text in found["cells"] if name == "tags.`verdict`"] == ["yes", "yes"]


def test_charts_and_comparison_need_no_nested_run(tab: Tab, desk: Desk) -> None:
    text = _look(tab, desk.page(f"runs?{KIND}&compareRunsMode=CHART"), "coverage", "0.75", "0.50")
    assert "d_loss" not in text  # of nested runs, which are folded
    runs, experiments = json.dumps(desk.runs), json.dumps(["1"])
    page = f"{desk.address}/#/compare-runs?runs={runs}&experiments={experiments}&{KIND}"
    text = _look(tab, page, "Comparing 2 Runs", "coverage", "0.75")
    assert "Nothing to compare" not in text


def test_pictures_have_keys_of_their_own(tab: Tab, desk: Desk) -> None:
    page = desk.page(f"runs/{desk.stages['prepare']}/model-metrics?{KIND}")
    text = _look(tab, page, "cell_0_0", "class_1", "grid", "samples")
    assert "cell_0\n" not in text
    assert "b_at_9" not in text  # no bar of one number
    keys = ["cell_0_0", "class_1", "grid", "samples"]
    titles = [line for line in text.splitlines() if line in keys]
    assert sorted(titles) == keys  # each once
    deadline = time.monotonic() + 60
    while len([width for _, width in _value(tab, IMAGES) if width]) < len(titles):
        assert time.monotonic() < deadline, _value(tab, IMAGES)
        time.sleep(0.3)


def test_the_grid_of_samples_is_with_the_run(tab: Tab, desk: Desk) -> None:
    page = desk.page(f"runs/{desk.runs[-1]}/model-metrics?{KIND}")
    _look(tab, page, "coverage", "fcd", "samples")


def test_a_figure_of_a_stage_is_in_its_note(tab: Tab, desk: Desk) -> None:
    text = _look(tab, desk.page(f"runs/{desk.stages['train']}?{KIND}"), "b@9", "0.25 to 1")
    assert text.count("b@9") == 1
    assert "Metrics (1)" in text  # the curve


def test_the_model_s_page_says_what_it_is(tab: Tab, desk: Desk) -> None:
    page = f"{desk.address}/#/models/ganatomy-generator/versions/2?{KIND}"
    text = _look(tab, page, "Takes standard normal latents, float32, shape (n, 5)", "Inputs (1)")
    for words in (recorded.HEADLINE, "challenger", "Outputs (1)", "20260102T000000"):
        assert words in text
    links = _value(tab, "[...document.querySelectorAll('a')].map(each => each.href)")
    assert [link for link in links if f"/runs/{desk.runs[-1]}" in link]
