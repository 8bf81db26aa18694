import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from app.local.endpoint.artifacts.sources import FolderSource
from app.local.endpoint.artifacts.unpack import fetch
from app.local.endpoint.errors import EndpointError, ModelFailed
from tests.support.artifacts import write_artifact


def write_member(path: Path, member: tarfile.TarInfo, content: bytes = b"x") -> None:
    with tarfile.open(path, "w:gz") as archive:
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def device(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.FIFOTYPE
    return member


def hard(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.LNKTYPE, target
    return member


@pytest.mark.parametrize(
    "member",
    [
        *(tarfile.TarInfo("../out"), tarfile.TarInfo("/tmp/out"), tarfile.TarInfo("a/../../out")),
        *(link("code", "/etc"), link("code", "../../out"), link("code", "inside"), link("a", "a/" * 2000)),
        *(hard("out", "/etc/passwd"), hard("out", "../out"), device("pipe")),
    ],
    ids=lambda member: f"{member.type.decode()} {member.name} {member.linkname[:20]}",
)
def test_members_that_leave_the_folder_are_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    write_member(tmp_path / "a", member, b"")
    with pytest.raises(EndpointError, match="Failed to extract") as caught:
        fetch(FolderSource(tmp_path, "e"), "a", tmp_path / "unpacked", 1000)
    assert caught.value.code == "ValidationError"
    assert not (tmp_path / "out").exists()


def test_what_is_no_archive_or_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = write_artifact(tmp_path / "whole").read_bytes()
    damaged = whole[:-8] + bytes(8)  # the checksum
    contents = {"empty": b"", "text": b"no gzip", "cut": whole[:-1], "damaged": damaged}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(EndpointError, match="Failed to extract"):
            fetch(FolderSource(tmp_path, "e"), name, tmp_path / "unpacked", 1000)


def test_an_archive_is_unpacked_no_further_than_the_limit(tmp_path: Path) -> None:
    write_member(tmp_path / "bomb", tarfile.TarInfo("zeros"), bytes(10_000_000))
    with pytest.raises(ModelFailed) as caught:
        fetch(FolderSource(tmp_path, "e"), "bomb", tmp_path / "unpacked", 1000)
    assert caught.value.status == 507
    assert not (tmp_path / "unpacked" / "zeros").exists()


def test_the_size_is_that_of_the_unpacked_files(tmp_path: Path) -> None:
    write_member(tmp_path / "a", tarfile.TarInfo("zeros"), bytes(900))
    assert fetch(FolderSource(tmp_path, "e"), "a", tmp_path / "unpacked", 1000) == 900
    assert (tmp_path / "unpacked" / "zeros").read_bytes() == bytes(900)


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_name_that_is_a_bomb_is_not_read(tmp_path: Path, kind: bytes) -> None:
    """tarfile would read it into memory; packed it is a thousandth."""
    size = 50_000_000
    member = tarfile.TarInfo("name")
    member.type = kind
    write_member(tmp_path / "bomb", member, b"a" * size)
    tracemalloc.start()
    try:
        with pytest.raises(EndpointError, match="what it says of a member is too long"):
            fetch(FolderSource(tmp_path, "e"), "bomb", tmp_path / "unpacked", 10**12)
        assert tracemalloc.get_traced_memory()[1] < size / 4
    finally:
        tracemalloc.stop()


def test_empty_files_count_too(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a", "w:gz") as archive:
        for number in range(2100):
            archive.addfile(tarfile.TarInfo(str(number)))
    with pytest.raises(ModelFailed):
        fetch(FolderSource(tmp_path, "e"), "a", tmp_path / "unpacked", 5000)
    assert fetch(FolderSource(tmp_path, "e"), "a", tmp_path / "unpacked", 10_000_000) == 0


def test_a_file_does_not_follow_a_link_that_is_there(tmp_path: Path) -> None:
    """As the holes of tarfile's filters did: a link is made, and a later member written through it."""
    path = tmp_path / "a"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(link("way", str(tmp_path)))
        member = tarfile.TarInfo("way/out")
        archive.addfile(member, io.BytesIO(b""))
    with pytest.raises(EndpointError, match="is a link or a device"):
        fetch(FolderSource(tmp_path, "e"), "a", tmp_path / "unpacked", 1000)
    assert not (tmp_path / "out").exists()


def test_what_is_in_the_way_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("code", "code/inference.py"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    with pytest.raises(EndpointError, match="Failed to extract"):
        fetch(FolderSource(tmp_path, "e"), "a", tmp_path / "unpacked", 1000)
