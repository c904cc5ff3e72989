"""The page in a real browser: Debian's chromium, driven through its DevTools protocol."""

import base64
import hashlib
import itertools
import json
import re
import shutil
import subprocess
import time
import urllib.request
import zlib
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
    const rows = [...document.querySelectorAll('#importance_figures table')].find(
        table => table.rows[0].cells[0].textContent == 'rank').rows;
    const chart = document.querySelector('#figure-importance-importance .frame img');
    return [
        [chart.offsetWidth, chart.offsetHeight],
        [...rows].slice(1).map(row => row.cells[0].textContent),
        [...rows].slice(1).map(row => row.cells[1].querySelector('code').textContent),
    ];
})()
"""
TRUST = """
(() => {
    const section = document.querySelector('#trust');
    const first = section.querySelector('table');
    const rows = [...first.rows].slice(1);
    return {
        words: section.textContent,
        methods: rows.map(row => row.cells[0].querySelector('code').textContent),
        verdicts: rows.map(row => [1, 2, 3].map(
            column => row.cells[column].querySelector('span').textContent)),
        height: first.offsetHeight,
        chart: section.querySelector('#figure-faithfulness-controls img').offsetHeight,
    };
})()
"""
OWN_TEXT = """[...document.querySelectorAll('body *')].filter(each => each.checkVisibility()
    && [...each.childNodes].some(node => node.nodeType == 3 && node.textContent.trim()))"""
SIZES = f"{OWN_TEXT}.map(each => parseFloat(getComputedStyle(each).fontSize))"
WIDTHS = """[...document.querySelectorAll('WHAT')].filter(each => each.checkVisibility())
    .map(each => each.offsetWidth)"""
SCALES = """[...document.querySelectorAll('figure.chart .frame > img, figure.wide .frame > img')]
    .filter(each => each.checkVisibility()).map(each => each.offsetWidth / each.naturalWidth)"""
CONTRASTS = """(() => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(each => each / 255).map(
        each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4
    ).reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);
    const ground = each => {
        for (; each; each = each.parentElement) {
            const found = parts(getComputedStyle(each).backgroundColor);
            if (found.length < 4 || found[3] > 0) return found;
        }
        return [255, 255, 255];
    };
    const ink = each => getComputedStyle(each)[each instanceof SVGElement ? 'fill' : 'color'];
    return TEXTS.map(each => {
        const two = [light(parts(ink(each))), light(ground(each))];
        const ratio = (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
        return [ratio, each.tagName, each.textContent.slice(0, 30)];
    });
})()""".replace("TEXTS", OWN_TEXT)
GROUNDS = """[...document.querySelectorAll('figure img')].map(each => getComputedStyle(each)).map(
    style => `${style.backgroundColor} ${style.filter}`)"""
FIGURES = """[...document.querySelectorAll('figure[id]')].map(figure => [
    figure.querySelector('.finding b').textContent.match(/[0-9]+/)[0],
    figure.querySelector('.finding').textContent.split('. ')[1],
    figure.querySelector('img').alt,
    figure.querySelector('.source code + code, .source a + code')
        && [...figure.querySelectorAll('.source code')].map(
            each => each.textContent.replace('…', '')),
])"""
IN_THE_MARGIN = 4  # texts at the foot of a sheet: what is printed, and which sheet of how many


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


def _open(tab: Tab, smoke: Path, width: int = 1200, height: int = 900) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    tab.call("Emulation.setDeviceMetricsOverride", **size)
    tab.events.clear()
    tab.call("Page.navigate", url=(smoke / "reports" / "report.html").as_uri())
    tab.wait_for("Page.loadEventFired")


def _value(tab: Tab, expression: str) -> Any:
    found = tab.call("Runtime.evaluate", expression=expression, returnByValue=True)
    assert "exceptionDetails" not in found, found
    return found["result"]["value"]


def _sheets(pdf: bytes) -> list[bytes]:
    """What is drawn on each sheet of a PDF file, as its operators."""
    objects = dict(re.findall(rb"(\d+) 0 obj\s*(.*?)\s*endobj", pdf, re.S))
    pages = [each for each in objects.values() if re.search(rb"/Type\s*/Page\b", each)]
    contents = [re.findall(rb"/Contents (\d+) 0 R", page)[0] for page in pages]
    streams = [re.split(rb"stream\r?\n", objects[each], maxsplit=1)[1] for each in contents]
    return [zlib.decompressobj().decompress(stream) for stream in streams]


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


def test_the_ranking_is_to_be_seen(tab: Tab, smoke: Path) -> None:
    _open(tab, smoke)
    size, ranks, features = _value(tab, IMPORTANCE)
    assert min(size) > 100
    ranking = pd.read_csv(smoke / "reports" / "importance" / "ranking.csv")
    assert ranks == [str(rank) for rank in ranking["rank"]]
    assert features == ranking["variant"].tolist()


def test_whether_to_trust_the_explanations_is_to_be_seen(tab: Tab, smoke: Path) -> None:
    _open(tab, smoke)
    found = _value(tab, TRUST)
    table = pd.read_csv(smoke / "reports" / "faithfulness" / "trust.csv")
    passed = (table[["faithful", "stable", "sane"]] == "pass").all(axis=1).sum()
    assert f"{passed} of {len(table)} kinds of map pass all three tests" in found["words"]
    assert found["methods"] == table["method"].tolist()
    assert found["verdicts"] == table[["faithful", "stable", "sane"]].to_numpy().tolist()
    assert found["height"] > 100
    assert found["chart"] > 100


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
    wide = """[...document.querySelectorAll('section')].filter(each => each.checkVisibility()
        && each.scrollWidth > each.clientWidth + 1).map(each => each.id)"""
    assert _value(tab, wide) == []
    shot = tab.call("Page.captureScreenshot", format="png")
    assert len(base64.b64decode(shot["data"])) > 10_000


def test_a_film_starts_on_a_picture_and_plays_only_for_who_opens_it(tab: Tab, smoke: Path) -> None:
    """Closed again, it stops: no script is needed."""
    _open(tab, smoke)
    tab.call("Runtime.evaluate", expression=OPEN.replace("details", "details:not(.film)"))
    shown = """[...document.querySelectorAll('figure.film')].map(figure => [
        figure.querySelector('.frame img'), figure.querySelector('details img')].map(
            image => image.checkVisibility()))"""
    films = _value(tab, shown)
    assert films  # how the images came about
    assert films == [[True, False]] * len(films)
    tab.call("Runtime.evaluate", expression=OPEN)
    assert _value(tab, shown) == [[False, True]] * len(films)
    tab.call("Emulation.setEmulatedMedia", media="print")
    printed = _value(tab, shown.replace("checkVisibility()", "offsetHeight > 0"))
    assert all(not film for _, film in printed)


@pytest.mark.parametrize("width", [400, 1200])
def test_every_text_is_large_enough(tab: Tab, smoke: Path, width: int) -> None:
    """Those of charts, too: the smallest have 6.5 points of a file of 150 dots per inch."""
    _open(tab, smoke, width)
    tab.call("Runtime.evaluate", expression=OPEN)
    sizes = _value(tab, SIZES)
    assert len(sizes) > 300
    assert min(sizes) >= 10
    scales = _value(tab, SCALES)
    assert scales
    assert min(scales) * 6.5 / 72 * 150 >= 9.9
    tables = _value(tab, WIDTHS.replace("WHAT", ".scroll table:not(.stacks)"))
    assert min(tables) >= 640


def test_every_answer_is_on_a_narrow_screen(tab: Tab, smoke: Path) -> None:
    """Nothing of a table of few columns lies outside; what else does says how one sees it."""
    _open(tab, smoke, 400)
    tab.call("Runtime.evaluate", expression=OPEN)
    cells = """[...document.querySelectorAll('table.stacks tbody :is(td, th)')].filter(
        each => each.checkVisibility())"""
    assert len(_value(tab, f"{cells}.map(each => each.innerText)")) > 50
    outside = f"{cells}.filter(each => each.scrollWidth > each.clientWidth + 1 || OUT)"
    outside = outside.replace("OUT", "each.getBoundingClientRect().right > innerWidth")
    assert _value(tab, f"{outside}.map(each => each.innerText)") == []
    hints = """[...document.querySelectorAll('.scroll, figure .frame')].filter(
        each => each.checkVisibility() && each.offsetWidth).map(each => [
            each.scrollWidth > each.clientWidth,
            parseFloat(getComputedStyle(each, '::before').height) > 10])"""
    found = _value(tab, hints)
    assert [True, True] in found
    assert [is_told for is_wide, is_told in found] == [is_wide for is_wide, _ in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(tab: Tab, smoke: Path, scheme: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    tab.call("Emulation.setEmulatedMedia", features=[feature])
    _open(tab, smoke)
    tab.call("Runtime.evaluate", expression=OPEN)
    found = _value(tab, CONTRASTS)
    assert len(found) > 300
    assert [each for each in found if each[0] < 4.5] == []
    ground = _value(tab, "getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) > 600) == (scheme == "light")
    grounds = _value(tab, GROUNDS)
    assert grounds == ["rgb(255, 255, 255) none"] * len(grounds)  # ink on paper, nothing inverted


def test_the_first_generated_images_are_on_the_first_screen(tab: Tab, smoke: Path) -> None:
    _open(tab, smoke, 1200, 800)
    boxes = """['#verdict h2', '#verdict figure img'].map(
        each => document.querySelector(each).getBoundingClientRect().toJSON())"""
    words, images = _value(tab, boxes)
    assert words["right"] <= images["left"]
    assert images["bottom"] <= 800
    _open(tab, smoke, 400)
    words, images = _value(tab, boxes)
    assert words["bottom"] <= images["top"]


def test_the_page_is_printed_whole(tab: Tab, smoke: Path) -> None:
    """No sheet is empty but for its margin, each has a number, and no table is cut off."""
    _open(tab, smoke)
    printed = tab.call("Page.printToPDF", preferCSSPageSize=True)
    sheets = _sheets(base64.b64decode(printed["data"]))
    assert len(sheets) > 5
    for sheet in sheets:
        texts = sheet.count(b"Tj") + sheet.count(b"TJ")
        assert texts > IN_THE_MARGIN or b" Do" in sheet
    _open(tab, smoke, 688)  # what an A4 sheet has between its margins, in pixels
    tab.call("Emulation.setEmulatedMedia", media="print")
    cut = """[...document.querySelectorAll('table, img, p, dl')].filter(
        each => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1).map(
            each => [each.tagName, each.closest('section')?.id, each.innerText.slice(0, 40)])"""
    assert _value(tab, cut) == []
    programs = """[...document.querySelectorAll('pre')].filter(each => each.checkVisibility()
        && (each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1
    )).map(each => each.innerText.slice(0, 40))"""
    assert _value(tab, programs) == []
    heads = "[...document.querySelectorAll('thead')].map(each => getComputedStyle(each).display)"
    assert set(_value(tab, heads)) == {"table-header-group"}


def test_every_figure_is_named_and_every_hash_is_printed(tab: Tab, smoke: Path) -> None:
    _open(tab, smoke)
    figures = _value(tab, FIGURES)
    numbers = [int(number) for number, *_ in figures]
    assert numbers == list(range(1, len(figures) + 1))
    assert all(title and alt for _, title, alt, _ in figures)
    whole = _value(tab, "document.querySelector('#provenance').innerText")
    for *_, source in figures:
        if source:
            name, short = source
            digest = hashlib.sha256((smoke / "reports" / name).read_bytes()).hexdigest()
            assert digest.startswith(short)
            assert digest in whole


@pytest.mark.parametrize(("media", "is_shown"), [("screen", False), ("print", True)])
def test_what_is_folded_away_is_printed(tab: Tab, smoke: Path, media: str, is_shown: bool) -> None:
    tab.call("Emulation.setEmulatedMedia", media=media)
    tab.call("Page.navigate", url=(smoke / "reports" / "report.html").as_uri())
    tab.wait_for("Page.loadEventFired")
    folded = """[...document.querySelectorAll('details:not([open], .film) > :not(summary)')].map(
        each => each.checkVisibility())"""
    found = tab.call("Runtime.evaluate", expression=folded, returnByValue=True)["result"]["value"]
    assert len(found) >= 5
    assert set(found) == {is_shown}
