from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from converters.sink import checked_target, give_name, told_of, write_whole_file
from converters.work import Interrupted
from spec_schema import ToolError


def finished(place: Path, text: str, folder: bool, record: bool = True) -> Path:
    path = place / ".partial"
    if folder:
        (path / "a").mkdir(parents=True)
        (path / "a/b.txt").write_text(text)
        if record:
            (path / "export.json").write_text('{"made_by": "rf-convert"}')
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("folder", [True, False])
def test_what_exists_is_replaced_only_when_asked(tmp_path: Path, folder: bool) -> None:
    out = tmp_path / "out"
    give_name(finished(tmp_path, "first", folder), checked_target(out, False, folder))
    with pytest.raises(ToolError, match="--overwrite"):
        checked_target(out, False, folder)
    give_name(finished(tmp_path, "second", folder), checked_target(out, True, folder))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (out / "a/b.txt" if folder else out).read_text() == "second"


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.tex").write_text("years of work")
    with pytest.raises(ToolError, match="choose another name"):
        checked_target(out, True, True)
    assert (out / "chapter.tex").read_text() == "years of work"


def test_a_folder_for_a_file_and_a_file_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ToolError, match="is a folder; this export is written as a file"):
        checked_target(tmp_path / "folder", True, False)
    with pytest.raises(ToolError, match="is a file; name a folder"):
        checked_target(tmp_path / "file", True, True)


def test_devices_and_pipes_stay(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.zip"
    os.mkfifo(pipe)
    for place in (Path("/dev/null"), pipe):
        for overwrite in (True, False):
            with pytest.raises(ToolError, match="is a device or a pipe"):
                checked_target(place, overwrite, False)
        with pytest.raises(ToolError, match="a device or a pipe"):
            write_whole_file(place, b"x")
    assert pipe.is_fifo()
    assert Path("/dev/null").is_char_device()


def test_a_link_keeps_pointing(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere/out.zip", tmp_path / "link.zip"
    target.write_text("first")
    link.symlink_to(target)
    assert checked_target(link, True, False) == target
    write_whole_file(link, b"second")
    assert link.is_symlink()
    assert target.read_text() == "second"


def test_a_missing_parent_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no such folder"):
        checked_target(tmp_path / "nowhere/out.zip", False, False)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_read_only_place_is_named(tmp_path: Path, number: int) -> None:
    out = tmp_path / "out.zip"

    def refused() -> None:
        with told_of(out):
            raise OSError(number, os.strerror(number), str(tmp_path / ".out.zip.partial"))

    with pytest.raises(ToolError, match=f"{tmp_path} is read-only") as caught:
        refused()
    assert str(caught.value).startswith(f"{out}: can't be written")
    assert caught.value.exit_code == 2


def test_no_space_is_something_to_go_on_from(tmp_path: Path) -> None:
    def full() -> None:
        with told_of(tmp_path / "out.zip", tmp_path / ".out.zip.partial"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Interrupted, match=r"stays in .*\.partial: make room") as caught:
        full()
    assert caught.value.exit_code == 75
