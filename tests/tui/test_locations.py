"""Where a profile's files are."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tui.locations import SOCKET_PATH_LIMIT, LocationError, Locations


def test_the_flag_comes_before_the_environment_and_that_before_the_data_folder() -> None:
    environ = {"HOME": "/home/ana", "HALLWAY_HOME": "/srv/ana"}
    assert Locations.find(environ, "/srv/flag").home == Path("/srv/flag")
    assert Locations.find(environ).home == Path("/srv/ana")
    assert Locations.find({"HOME": "/home/ana"}).home == Path("/home/ana/.local/share/hallway")
    found = Locations.find({"HOME": "/home/ana", "XDG_DATA_HOME": "/data"})
    assert found.home == Path("/data/hallway")
    assert found.relay_home == Path("/data/hallway-relay")
    assert Locations.find({}).home == Path.home() / ".local/share/hallway"


def test_the_relay_of_this_computer_is_one_for_all_profiles() -> None:
    one = Locations.find({"HOME": "/home/ana"}, "/srv/one")
    two = Locations.find({"HOME": "/home/ana"}, "/srv/two")
    assert one.relay_home == two.relay_home


def test_every_file_of_a_profile_is_in_its_folder() -> None:
    here = Locations.find({}, "/srv/ana")
    files = (here.database, here.vault, here.keys, here.lock, here.config, here.log, here.socket)
    assert len(set(files)) == len(files)
    assert {file.parent for file in files} == {Path("/srv/ana")}


def test_a_socket_whose_path_would_be_too_long_is_in_the_runtime_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    environ = {"XDG_RUNTIME_DIR": str(tmp_path / "run")}
    one = Locations.find(environ, str(deep / "one"))
    two = Locations.find(environ, str(deep / "two"))
    assert one.socket.parent == tmp_path / "run"
    assert one.socket != two.socket
    one.prepare()
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    usual = Locations.find({}, str(deep / "one")).socket
    assert len(os.fsencode(usual)) <= SOCKET_PATH_LIMIT


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "a" / "b"
    here = Locations.find({}, str(home))
    here.prepare()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    home.chmod(0o755)
    here.prepare()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert not here.there()
    here.vault.touch()
    assert here.there()


def test_a_folder_that_cannot_be_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocationError, match="--home"):
        Locations.find({}, str(tmp_path / "file")).prepare()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(LocationError, match="--home"):
        Locations.find({}, str(tmp_path / "link")).prepare()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_folder_is_not_used(tmp_path: Path) -> None:
    home = tmp_path / "theirs"
    home.mkdir(mode=0o777)
    os.chown(home, 12345, 12345)
    with pytest.raises(LocationError, match="somebody else"):
        Locations.find({}, str(home)).prepare()
