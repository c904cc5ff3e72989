"""What a table says of a folder's images: read, or refused in words."""

import csv
import io
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganatomy.data.sources import Raw, fetch
from ganatomy.errors import InputError

Form = Literal["NFC", "NFD"]
NAN = float("nan")
FILES = ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images in two classes, each of them a single grey."""
    for index, name in enumerate(FILES):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28), index).save(path)
    return tmp_path / "images"


Read = Callable[..., Raw]


@pytest.fixture
def read(folder: Path, tmp_path: Path) -> Read:
    """Reads the folder with a table of the given content; its warnings must be the given ones."""

    def run(content: str | bytes, warnings: int = 0) -> Raw:
        table = tmp_path / "table.csv"
        table.write_bytes(content if isinstance(content, bytes) else content.encode())
        told: list[str] = []
        raw = fetch("image-folder", folder, 0, retries=0, warn=told.append, attributes=table)
        assert len(told) == warnings, told
        return raw

    return run


def _table(column: str, values: list[str], separator: str = ",") -> str:
    """A table of the four files with one column."""
    lines = [separator.join(row) for row in zip(["file", *FILES], [column, *values])]
    return "\n".join(lines) + "\n"


def _same(found: torch.Tensor, expected: list[float]) -> None:
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), np.array(expected, dtype=np.float32))


# ---- what values mean ----


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.5", "-2", "3e2", " 0 "], [1.5, -2, 300, 0]),
        (["0", "1", "1", "0"], [0, 1, 1, 0]),
        (["-1", "1", "1", "-1"], [0, 1, 1, 0]),
        (["-1", "-1", "-1", ""], [0, 0, 0, NAN]),
        (["-1", "0", "1", "1"], [-1, 0, 1, 1]),
        (["true", "False", "TRUE", "false"], [1, 0, 1, 0]),
        (["yes", "No", "", "YES"], [1, 0, NAN, 1]),
        (["true", "no", "no", "no"], [1, 0, 0, 0]),
        (["NA", "n/a", "NaN", "7"], [NAN, NAN, NAN, 7]),
        (["null", "7", "7", "8"], [NAN, 7, 7, 8]),
    ],
)
def test_numbers_and_two_valued_words(values: list[str], expected: list[float], read: Read) -> None:
    raw = read(_table("column", values))
    assert list(raw.attributes) == ["column"]
    _same(raw.attributes["column"], expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["f", "m", "", "f"], {"c=m": [0, 1, NAN, 0]}),
        (["one", "one", "one", ""], {"c=one": [1, 1, 1, NAN]}),
        (
            ["red", "blue", "na", "green"],
            {"c=blue": [0, 1, NAN, 0], "c=green": [0, 0, NAN, 1], "c=red": [1, 0, NAN, 0]},
        ),
        (
            ["yes", "no", "maybe", "no"],
            {"c=maybe": [0, 0, 1, 0], "c=no": [0, 1, 0, 1], "c=yes": [1, 0, 0, 0]},
        ),
    ],
)
def test_words(values: list[str], expected: dict[str, list[float]], read: Read) -> None:
    attributes = read(_table("c", values)).attributes
    assert set(attributes) == set(expected)
    for name, numbers_ in expected.items():
        _same(attributes[name], numbers_)


# ---- which row is whose ----


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("name", ["file", "image_id"])
def test_column_of_files(name: str, place: int, read: Read) -> None:
    if name != "file" and place:
        place = 0  # without that name it is the first
    rows = [["x", "y"], *([str(k), str(10 * k)] for k in range(4))]
    for row, file in zip(rows, [name, *FILES]):
        row.insert(place, file)
    attributes = read("\n".join(",".join(row) for row in rows)).attributes
    assert list(attributes) == ["x", "y"]
    _same(attributes["x"], [0, 1, 2, 3])
    _same(attributes["y"], [0, 10, 20, 30])


def test_rows_in_any_order_go_to_their_images(read: Read) -> None:
    rows = [f"{FILES[k]},{k}" for k in (2, 0, 3, 1)]
    raw = read("\n".join(["file,k", *rows]))
    assert list(raw.file_names) == FILES
    _same(raw.attributes["k"], [0, 1, 2, 3])


def test_a_path_may_begin_with_a_dot(read: Read) -> None:
    _same(
        read(_table("k", ["0", "1", "2", "3"]).replace("a/1", "./a//1")).attributes["k"],
        [*range(4)],
    )


def test_images_without_a_row_are_unknown_and_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,k\nb/1.png,5\n")
    told: list[str] = []
    raw = fetch(
        "image-folder", folder, 0, retries=0, warn=told.append, attributes=tmp_path / "t.csv"
    )
    _same(raw.attributes["k"], [NAN, NAN, 5, NAN])
    assert len(told) == 1
    for word in ("3 of 4 images", "t.csv", "a/1.png", "a/2.png", "b/2.png"):
        assert word in told[0]


# ---- how it is written ----


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_separators_encodings_and_line_ends(
    separator: str, encoding: str, line_end: str, read: Read
) -> None:
    text = _table("file size", ["1", "2", "", "4"], separator).replace("\n", line_end)
    raw = read((line_end + text + line_end).encode(encoding))
    assert list(raw.attributes) == ["file size"]
    _same(raw.attributes["file size"], [1, 2, NAN, 4])


def test_names_outside_of_ascii_are_files_like_any_other(folder: Path, read: Read) -> None:
    (folder / "a" / "1.png").rename(folder / "a" / "größe, 1.png")
    text = _table("k", ["0", "1", "2", "3"]).replace("a/1.png", '"a/größe, 1.png"')
    raw = read(text.encode("utf-8-sig"))
    assert dict(zip(raw.file_names, raw.attributes["k"].tolist()))["a/größe, 1.png"] == 0


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    values=st.lists(
        st.none() | st.floats(-(2.0**100), 2.0**100, width=32) | st.integers(-(2**24), 2**24),
        min_size=4,
        max_size=4,
    ).filter(lambda values: any(value not in (None, 1, -1) for value in values)),
    separator=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    order=st.permutations(range(4)),
)
def test_what_pandas_writes_is_read_exactly(
    values: list[float | None],
    separator: str,
    quoting: int,
    order: list[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.getbasetemp() / "written by pandas"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(root / name)
    frame = pd.DataFrame({"file": FILES, "x": pd.Series(values, dtype=object)}).iloc[order]
    text = io.StringIO()
    frame.to_csv(text, index=False, sep=separator, quoting=quoting)
    table = root / "table.csv"
    table.write_text(text.getvalue())
    raw = fetch("image-folder", root, 0, retries=0, warn=lambda text: None, attributes=table)
    _same(raw.attributes["x"], [NAN if value is None else value for value in values])


def test_names_in_any_script(read: Read) -> None:
    raw = read(_table("größe", ["1", "2", "3", "4"]))
    _same(raw.attributes["größe"], [1, 2, 3, 4])


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_table", ["NFC", "NFD"])
def test_composed_and_decomposed_names_are_the_same(
    on_disk: Form, in_table: Form, tmp_path: Path
) -> None:
    names = ["Äpfel/ü1.png", "Äpfel/2.png", "Öl/é.png"]
    for index, name in enumerate(names):
        path = tmp_path / "images" / unicodedata.normalize(on_disk, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), index).save(path)
    rows = "".join(f"{name},{index}\n" for index, name in enumerate(names))
    table = tmp_path / "table.csv"
    table.write_text(unicodedata.normalize(in_table, "file,höhe\n" + rows))
    raw = fetch(
        "image-folder", tmp_path / "images", 0, retries=0, warn=pytest.fail, attributes=table
    )
    assert raw.class_names == ("Äpfel", "Öl")
    called = [unicodedata.normalize("NFC", name) for name in raw.file_names]
    _same(raw.attributes["höhe"], [float(names.index(name)) for name in called])


# ---- what is refused ----

LONG = "x" * 101


@pytest.mark.parametrize(
    ("content", "what", "where"),
    [
        ("", "no rows", "table.csv"),
        ("file,x\n\n", "no rows", "table.csv"),
        ("202599\nMale Young\na/1.png 1 -1\n", "one column only, '202599'", "line 1"),
        ("file,,x\na/1.png,1,2\n", "column 2 has no name", "line 1"),
        (",x\na/1.png,1\n", "column 1 has no name", "line 1"),
        ("\nfile,x,y,x\na/1.png,1,2,3\n", "2 columns are named 'x'", "line 2"),
        ("file,x/y\na/1.png,1\n", "column 'x/y' cannot name", "line 1"),
        ("file,a+b\na/1.png,1\n", "column 'a+b' cannot name", "line 1"),
        ("file,gr:e\na/1.png,1\n", "column 'gr:e' cannot name", "line 1"),
        (
            _table("x", ["1,5", "2,25", "", "-3,0"], ";"),
            "'1,5' in column 'x' has a decimal",
            "line 2",
        ),
        (_table("x", ["", "1.234,5", "2,25", "1,0e3"], ";"), "has a decimal comma", "line 3"),
        (f"file,{LONG}\na/1.png,1\n", "cannot name", "line 1"),
        ("file,x\na/1.png,1,2\n", "3 values for 2 columns", "line 2"),
        ("file,x\na/1.png,1\n\na/2.png\n", "1 values for 2 columns", "line 4"),
        ("file,x\na/1.png,1\n,2\n", "no file name", "line 3"),
        ("file,x\na/1.png,1\na/2.png,2\n./a/1.png,1\n", "'a/1.png' has two rows", "lines 2 and 4"),
        ("file,x\na/1.png,1\n1.png,2\n", "1 of 2 files in the table are not images", "line 3"),
        ("file,x\na/1.png,1\na/2.png,\na/b.txt,2\n", "1 of 3 files", "line 4"),
        (
            _table("x", ["1", "2", "3,5", "4"]).replace("3,5", '"3,5"'),
            "'3,5' in column 'x'",
            "line 4",
        ),
        (_table("x", ["1", "two", "", "x"]), "'two' in column 'x' is not a number", "line 3"),
        (_table("x", ["one", "2", "", "3"]), "'one' in column 'x' is not a number", "line 2"),
        (_table("x", ["yes", "no", "1", "0"]), "'yes' in column 'x' is not a number", "line 2"),
        (_table("x", ["1", "2", "inf", "3"]), "'inf' in column 'x' is not a number", "line 4"),
        (_table("x", ["1", "2", "3", "-1e39"]), "'-1e39' in column 'x' is not a number", "line 5"),
        ('file,y,x\na/1.png,1,"a\nb"\na/2.png,z,c\n', "'z' in column 'y'", "line 4"),
        (_table("x", ["", "na", "NULL", "nan"]), "column 'x' has no value", "table.csv"),
        (_table("x", ["a", "b", "c d/e", "f"]), "'c d/e' in column 'x' cannot name", "line 4"),
        ("file,c=m,c\na/1.png,1,f\na/2.png,2,m\n", "two columns make an attribute 'c=m'", "table"),
        ('file,x\na/1.png,1\na/2.png,"2\n', "not a CSV file", "line 3"),
        (b"file,x\na/1.png,\xff\n", "not UTF-8", "line 2"),
        ("file,x\na/1.png,1\n".encode("utf-16"), "not UTF-8", "line 1"),
    ],
)
def test_wrong_tables_are_refused_in_words(
    content: str | bytes, what: str, where: str, read: Read
) -> None:
    warnings = 1 if "two columns" in what or "'z'" in what else 0
    with pytest.raises(InputError) as caught:
        read(content, warnings)
    assert what in caught.value.what
    assert where in caught.value.where
    assert "attributes=" in caught.value.where
    assert "table.csv" in caught.value.where
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_strangers_are_counted_and_three_of_them_named(read: Read) -> None:
    rows = "".join(f"stranger{k}.png,1\n" for k in range(7))
    with pytest.raises(InputError) as caught:
        read(f"file,x\na/1.png,1\n{rows}")
    assert "7 of 8 files" in caught.value.what
    assert [f"stranger{k}" in caught.value.what for k in range(5)] == [True] * 3 + [False] * 2
    assert "line 3" in caught.value.where
    assert "`root`" in caught.value.remedy


@pytest.mark.parametrize("count", [20, 21])
def test_twenty_words_are_the_most(count: int, tmp_path: Path) -> None:
    rows = ["file,word"]
    for k in range(count):
        Image.new("L", (4, 4)).save(tmp_path / f"{k}.png")
        rows.append(f"{k}.png,w{k}")
    (tmp_path / "t.csv").write_text("\n".join(rows))

    def attributes() -> dict[str, torch.Tensor]:
        told: list[str] = []
        return fetch(
            "image-folder", tmp_path, 0, retries=0, warn=told.append, attributes=tmp_path / "t.csv"
        ).attributes

    if count == 20:
        assert set(attributes()) == {f"word=w{k}" for k in range(20)}
        assert torch.stack(list(attributes().values())).sum(0).tolist() == [1] * 20
    else:
        with pytest.raises(InputError, match="holds 21 different words, more than 20"):
            attributes()


def test_what_a_forgotten_quote_swallows_is_not_all_told(read: Read) -> None:
    with pytest.raises(InputError) as caught:
        read('file,x\na/1.png,1\n"a/2.png,2\n' + "a/3.png,3\n" * 100 + 'b",4\n')
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("name", ["none.csv", "images"])
def test_missing_table(name: str, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file") as caught:
        fetch(
            "image-folder", folder, 0, retries=0, warn=lambda text: None, attributes=tmp_path / name
        )
    assert str(tmp_path / name) in caught.value.where


@pytest.mark.parametrize("source", ["mnist-sample", "mnist", "fashion-mnist", "cifar10"])
def test_sources_without_files_have_no_table(source: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,x\n1.png,1\n")
    with pytest.raises(InputError, match=source) as caught:
        fetch(source, tmp_path, 0, retries=0, warn=lambda text: None, attributes=tmp_path / "t.csv")
    assert "attributes=" in caught.value.where
    assert "image-folder" in caught.value.remedy


def test_a_folder_without_a_table_has_no_attributes(folder: Path) -> None:
    assert fetch("image-folder", folder, 0, retries=0, warn=lambda text: None).attributes == {}
