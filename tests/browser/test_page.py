"""The page in a real browser: Debian's chromium, driven through its DevTools protocol."""

import base64
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
IMAGES = """
Promise.all([...document.images].map(image => image.decode().then(() => image.naturalWidth)))
"""
OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"
IMPORTANCE = """
(() => {
    const section = document.querySelector('#importance');
    const pictures = ['Influence of each region', 'Largest |t| of each feature'].map(
        words => section.querySelector(`img[alt^="${words}"]`));
    const rows = [...section.querySelectorAll('table')].find(
        table => table.rows[0].cells[0].textContent == 'rank').rows;
    return [
        pictures.map(image => [image.offsetWidth, image.offsetHeight]),
        [...rows].slice(1).map(row => row.cells[0].innerText),
        [...rows].slice(1).map(row => row.cells[1].innerText),
    ];
})()
"""
TRUST = """
(() => {
    const section = document.querySelector('#trust');
    const first = section.querySelector('table');
    const rows = [...first.rows].slice(1);
    return {
        before: section.nextElementSibling.id,
        sentences: section.innerText.split(first.innerText.slice(0, 12))[0],
        methods: rows.map(row => row.cells[0].innerText),
        verdicts: rows.map(row => [1, 2, 3].map(column => row.cells[column].innerText)),
        height: first.offsetHeight,
        pictures: [...section.querySelectorAll('img')].map(image => image.naturalWidth),
    };
})()
"""


class Tab:
    """One tab and everything that it said."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])
            self.events.append(message)

    def wait_for(self, event: str) -> None:
        while not any(each["method"] == event for each in self.events):
            self.events.append(json.loads(self._socket.recv(timeout=60)))

    def said(self, method: str) -> list[dict[str, Any]]:
        return [each["params"] for each in self.events if each["method"] == method]


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    profile = tmp_path / "profile"
    assert CHROMIUM is not None
    browser = subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port_file = profile / "DevToolsActivePort"
        deadline = time.monotonic() + 60
        while not (port_file.exists() and port_file.read_text().count("\n") >= 1):
            assert time.monotonic() < deadline, "chromium did not start"
            time.sleep(0.1)
        port = port_file.read_text().splitlines()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            target = next(each for each in json.load(answer) if each["type"] == "page")
        with connect(target["webSocketDebuggerUrl"], max_size=None) as socket:
            found = Tab(socket)
            for domain in ("Page", "Network", "Runtime", "Log"):
                found.call(f"{domain}.enable")
            yield found
    finally:
        browser.kill()
        browser.wait()


def test_the_page_is_whole_quiet_and_needs_no_network(
    tab: Tab, smoke: Path, tmp_path: Path
) -> None:
    page = shutil.copy(smoke / "reports" / "report.html", tmp_path)  # nothing else beside it
    url = Path(page).as_uri()
    tab.call("Emulation.setScriptExecutionDisabled", value=False)
    tab.call("Page.navigate", url=url)
    tab.wait_for("Page.loadEventFired")
    widths = tab.call("Runtime.evaluate", expression=IMAGES, awaitPromise=True, returnByValue=True)[
        "result"
    ]["value"]
    assert len(widths) >= 25
    assert min(widths) > 50
    asked = [each["request"]["url"] for each in tab.said("Network.requestWillBeSent")]
    assert [each for each in asked if each != url and not each.startswith("data:")] == []
    assert tab.said("Log.entryAdded") == []
    assert tab.said("Runtime.consoleAPICalled") == []
    assert tab.said("Runtime.exceptionThrown") == []


def test_the_policy_lets_the_page_through_and_stops_all_else(
    tab: Tab, smoke: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    text = (smoke / "reports" / "report.html").read_text()
    foreign = (
        "<script>document.title = 'run'</script><img src='http://127.0.0.1:9/x.png'>"
        "<p id='styled' style='color: rgb(1, 2, 3)'>"
    )
    page.write_text(text.replace("<main>", f"<main>{foreign}", 1))
    tab.call("Page.navigate", url=page.as_uri())
    tab.wait_for("Page.loadEventFired")
    expression = """[document.title, getComputedStyle(document.querySelector('#styled')).color,
        getComputedStyle(document.querySelector('.tile')).borderRadius]"""
    found = tab.call("Runtime.evaluate", expression=expression, returnByValue=True)
    title, colour, radius = found["result"]["value"]
    assert title != "run"
    assert colour != "rgb(1, 2, 3)"
    assert radius == "8px"  # the page's own style holds
    said = [each["entry"]["text"] for each in tab.said("Log.entryAdded")]
    assert len([each for each in said if "Content Security Policy" in each]) >= 3


def test_the_map_of_regions_and_the_ranking_are_to_be_seen(tab: Tab, smoke: Path) -> None:
    tab.call("Page.navigate", url=(smoke / "reports" / "report.html").as_uri())
    tab.wait_for("Page.loadEventFired")
    found = tab.call("Runtime.evaluate", expression=IMPORTANCE, returnByValue=True)
    sizes, ranks, features = found["result"]["value"]
    assert len(sizes) == 2
    assert min(min(size) for size in sizes) > 100
    ranking = pd.read_csv(smoke / "reports" / "importance" / "ranking.csv")
    assert ranks == [str(rank) for rank in ranking["rank"]]
    assert features == ranking["variant"].tolist()


def test_whether_to_trust_the_explanations_is_to_be_seen(tab: Tab, smoke: Path) -> None:
    tab.call("Page.navigate", url=(smoke / "reports" / "report.html").as_uri())
    tab.wait_for("Page.loadEventFired")
    found = tab.call("Runtime.evaluate", expression=TRUST, returnByValue=True)["result"]["value"]
    folder = smoke / "reports" / "faithfulness"
    table = pd.read_csv(folder / "trust.csv")
    assert found["before"] == "gradcam"
    for sentence in json.loads((folder / "agreement.json").read_text())["sentences"]:
        assert sentence[1:] in found["sentences"]
    assert found["methods"] == table["method"].tolist()
    assert found["verdicts"] == table[["faithful", "stable", "sane"]].to_numpy().tolist()
    assert found["height"] > 100
    assert len(found["pictures"]) == 4
    assert min(found["pictures"]) > 100


@pytest.mark.parametrize("are_open", [False, True])
@pytest.mark.parametrize("width", [400, 1100])
def test_nothing_is_wider_than_the_window(
    tab: Tab, smoke: Path, width: int, are_open: bool
) -> None:
    tab.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )
    tab.call("Page.navigate", url=(smoke / "reports" / "report.html").as_uri())
    tab.wait_for("Page.loadEventFired")
    if are_open:  # the tables that are folded away at first
        tab.call("Runtime.evaluate", expression=OPEN)
    found = tab.call(
        "Runtime.evaluate", expression="document.documentElement.scrollWidth", returnByValue=True
    )
    assert found["result"]["value"] <= width
    shot = tab.call("Page.captureScreenshot", format="png")
    assert len(base64.b64decode(shot["data"])) > 10_000


@pytest.mark.parametrize(("wish", "moves"), [("no-preference", True), ("reduce", False)])
def test_the_film_moves_only_where_motion_is_welcome(
    tab: Tab, smoke: Path, wish: str, moves: bool
) -> None:
    feature = {"name": "prefers-reduced-motion", "value": wish}
    tab.call("Emulation.setEmulatedMedia", features=[feature])
    tab.call("Page.navigate", url=(smoke / "reports" / "report.html").as_uri())
    tab.wait_for("Page.loadEventFired")
    heights = """['.moving', '.stills'].map(
        name => [...document.querySelectorAll(name)].map(each => each.offsetHeight))"""
    found = tab.call("Runtime.evaluate", expression=heights, returnByValue=True)
    films, stills = found["result"]["value"]
    assert [film > 50 for film in films] == [moves, moves]  # where G and D look, and what G makes
    assert min(stills) > 50


def test_charts_and_tables_stay_legible_on_a_narrow_screen(tab: Tab, smoke: Path) -> None:
    size = {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    tab.call("Emulation.setDeviceMetricsOverride", **size)
    tab.call("Page.navigate", url=(smoke / "reports" / "report.html").as_uri())
    tab.wait_for("Page.loadEventFired")
    widths = """['#importance figure:not(.pixel) img', '#trust .scroll table'].map(
        name => [...document.querySelectorAll(name)]
            .filter(each => each.checkVisibility()).map(each => each.offsetWidth))"""
    found = tab.call("Runtime.evaluate", expression=widths, returnByValue=True)
    charts, tables = found["result"]["value"]
    assert max(charts) == 720  # wider than the screen: they are pushed sideways
    assert min(tables) >= 640


@pytest.mark.parametrize(("media", "is_shown"), [("screen", False), ("print", True)])
def test_what_is_folded_away_is_printed(tab: Tab, smoke: Path, media: str, is_shown: bool) -> None:
    tab.call("Emulation.setEmulatedMedia", media=media)
    tab.call("Page.navigate", url=(smoke / "reports" / "report.html").as_uri())
    tab.wait_for("Page.loadEventFired")
    folded = """[...document.querySelectorAll('details:not([open]) > :not(summary)')].map(
        each => each.checkVisibility())"""
    found = tab.call("Runtime.evaluate", expression=folded, returnByValue=True)["result"]["value"]
    assert len(found) >= 5
    assert set(found) == {is_shown}
