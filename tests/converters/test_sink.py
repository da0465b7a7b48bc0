from __future__ import annotations

from pathlib import Path

import pytest

from converters.sink import open_sink
from spec_schema import ToolError


def write(out: Path, text: str, overwrite: bool = False, record: bool = True) -> None:
    with open_sink(out, overwrite) as sink:
        sink.add("a/b.txt", text.encode())
        if record:
            sink.add("export.json", b'{"made_by": "rf-convert"}')


@pytest.mark.parametrize("name", ["out.zip", "out"])
def test_what_exists_is_replaced_only_when_asked(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    write(out, "first")
    with pytest.raises(ToolError, match="--overwrite"):
        write(out, "second")
    write(out, "third", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    if out.is_dir():
        assert (out / "a/b.txt").read_text() == "third"


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.tex").write_text("years of work")
    with pytest.raises(ToolError, match="choose another name"):
        write(out, "x", overwrite=True)
    assert (out / "chapter.tex").read_text() == "years of work"


@pytest.mark.parametrize("name", ["out.zip", "out"])
def test_an_exception_leaves_nothing(tmp_path: Path, name: str) -> None:
    def interrupted() -> None:
        with open_sink(tmp_path / name, False) as sink:
            sink.add("a.txt", b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out.zip", "out"])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    def full() -> None:
        with open_sink(tmp_path / name, False) as sink:
            sink.add("a.txt", b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(ToolError, match="No space left on device"):
        full()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_parent_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no such folder"):
        write(tmp_path / "nowhere/out.zip", "x")
