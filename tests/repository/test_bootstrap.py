"""``./hallway`` itself, started for real in a small checkout.

Where what matters is when an environment is built and not what is in it, a stand-in for uv makes
a working one in no time. The tests marked slow use the real venv and pip, without network.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.repository.checkout import ROOT

pytestmark = pytest.mark.slow  # nearly every one starts a process

PYTHON = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

APP = """\
import os, sys
def main():
    try:
        import tiny
    except ImportError:
        tiny = None
    print(sys.argv, os.getcwd(), tiny and tiny.number)
    return 3 if sys.argv[1:] == ["fail"] else 0
"""

# Makes an environment that runs; holds or fails the installation where it is told to.
UV = f"""\
#!/bin/sh
echo "$PPID $*" >>"$CALLS"
for last; do :; done
case $1 in
venv)
    mkdir -p "$last/bin" "$last/lib/python{VERSION}/site-packages"
    ln -s "{PYTHON}" "$last/bin/python"
    echo "home = {Path(PYTHON).parent}" >"$last/pyvenv.cfg"
    ;;
pip)
    if [ -n "${{HOLD-}}" ]; then read -r _ <"$HOLD"; fi
    exit "${{FAIL:-0}}"
    ;;
esac
"""


@dataclass
class Checkout:
    """A small checkout, and the environment variables it is started with."""

    root: Path
    environ: dict[str, str]
    calls: Path = field(init=False)

    def __post_init__(self) -> None:
        self.calls = self.root.parent / "calls"
        self.environ["CALLS"] = str(self.calls)

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "hallway", *arguments],
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root.parent,
        )

    def run(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        process = self.start(*arguments, **environ)
        out, err = process.communicate()
        return process.returncode, out, err

    def builds(self) -> int:
        """How many times the stand-in was asked for an environment."""
        said = self.calls.read_text() if self.calls.exists() else ""
        return sum(" venv " in line for line in said.splitlines())


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Everything that a start needs, and a PATH with the stand-in for uv on it."""
    root = tmp_path / "a checkout"
    for name in ("hallway", "tools/environment.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    (root / "requirements.lock").write_text("")
    (root / "requirements-dev.lock").write_text("")
    (root / "tui").mkdir()
    (root / "tui/cli.py").write_text(APP)
    tools = tmp_path / "bin"
    script(tools / "uv", UV)
    (tools / "python3").symlink_to(PYTHON)
    return Checkout(root, {"PATH": f"{tools}:/usr/bin:/bin", "PIP_CONFIG_FILE": os.devnull})


class TestStart:
    def test_builds_once_then_only_starts(self, checkout: Checkout) -> None:
        code, out, err = checkout.run("send", "a b", "")
        assert code == 0
        assert out.startswith("['hallway', 'send', 'a b', '']")
        assert err == "hallway: preparing .venv-run with uv; this is done once.\n"
        code, _, err = checkout.run()
        assert (code, err, checkout.builds()) == (0, "", 1)

    def test_a_ready_environment_starts_no_second_python(self, checkout: Checkout) -> None:
        checkout.run()
        (checkout.root / "tools/environment.py").unlink()
        assert checkout.run("x")[::2] == (0, "")

    def test_keeps_folder_and_exit_code(self, checkout: Checkout) -> None:
        code, out, _ = checkout.run("fail")
        assert code == 3
        assert str(checkout.root.parent) in out

    def test_can_be_started_through_a_link(self, checkout: Checkout) -> None:
        checkout.run()
        link = checkout.root.parent / "bin" / "hallway"
        link.symlink_to(checkout.root / "hallway")
        done = subprocess.run(
            ["hallway", "x"], env=checkout.environ, capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("['hallway', 'x']")
        assert (done.stderr, checkout.builds()) == ("", 1)

    def test_does_not_import_from_the_folder_it_is_started_in(self, checkout: Checkout) -> None:
        (checkout.root.parent / "tui.py").write_text("raise SystemExit('the wrong one')")
        assert checkout.run(PYTHONPATH=str(checkout.root.parent))[0] == 0


class TestNoticing:
    @pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
    def test_a_change_that_concerns_the_environment(self, checkout: Checkout, name: str) -> None:
        checkout.run()
        path = checkout.root / name
        before = path.stat()
        path.write_text({"requirements.lock": "#", "pyproject.toml": "[project]"}[name])
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert checkout.run()[0] == 0
        assert checkout.builds() == 2

    def test_a_change_that_does_not(self, checkout: Checkout) -> None:
        checkout.run()
        with (checkout.root / "pyproject.toml").open("a") as file:
            file.write("# a comment\n")
        assert checkout.run()[::2] == (0, "")
        assert checkout.builds() == 1
        (checkout.root / "tools/environment.py").unlink()
        assert checkout.run()[0] == 0, "the stamp was not brought up to date"

    def test_a_change_while_it_builds(self, checkout: Checkout) -> None:
        hold = checkout.root.parent / "hold"
        os.mkfifo(hold)
        first = checkout.start(HOLD=str(hold))
        with hold.open("w") as held:
            (checkout.root / "requirements.lock").write_text("#")
            held.write("\n")
        first.communicate()
        assert first.returncode == 0
        assert checkout.run()[0] == 0
        assert checkout.builds() == 2

    def test_a_checkout_that_was_moved(self, checkout: Checkout) -> None:
        checkout.run()
        checkout.root = checkout.root.rename(checkout.root.parent / "moved")
        assert checkout.run()[0] == 0
        assert checkout.builds() == 2
        pth = next((checkout.root / ".venv-run").rglob("hallway.pth"))
        assert pth.read_text() == f"{checkout.root}\n"

    def test_a_python_that_is_gone(self, checkout: Checkout) -> None:
        checkout.run()
        python = checkout.root / ".venv-run/bin/python"
        python.unlink()
        python.symlink_to("/no/such/python")
        assert checkout.run()[0] == 0
        assert checkout.builds() == 2

    def test_another_lock_is_another_environment(self, checkout: Checkout) -> None:
        checkout.run()
        code, _, err = checkout.run("bench")
        assert code == 2
        assert "preparing .venv with uv" in err
        assert checkout.builds() == 2

    def test_a_python_named_by_the_person(self, checkout: Checkout) -> None:
        checkout.run()
        assert checkout.run(HALLWAY_PYTHON=PYTHON)[::2] == (0, "")
        assert checkout.builds() == 1, "it is the same interpreter"


class TestFailing:
    def test_an_environment_is_only_good_when_all_is_installed(self, checkout: Checkout) -> None:
        code, out, err = checkout.run(FAIL="7")
        assert (code, out) == (1, "")
        assert "ended with code 7" in err
        assert "type: HALLWAY_NO_UV=1 ./hallway" in err
        assert checkout.run()[0] == 0
        assert checkout.builds() == 2

    def test_a_build_that_was_killed_does_not_count(self, checkout: Checkout) -> None:
        """And the next start waits for the installer that it left behind."""
        hold = checkout.root.parent / "hold"
        os.mkfifo(hold)
        first = checkout.start(HOLD=str(hold))
        with hold.open("w") as held:
            builder = int(checkout.calls.read_text().splitlines()[-1].split()[0])
            os.kill(builder, signal.SIGKILL)
            first.wait()
            assert first.returncode == 128 + signal.SIGKILL
            second = checkout.start()
            assert second.stderr is not None
            assert "another start is preparing .venv-run" in second.stderr.readline()
            held.write("\n")
        _, err = second.communicate()
        first.communicate()
        assert (second.returncode, checkout.builds()) == (0, 2)
        assert "preparing .venv-run" in err

    def test_two_first_starts_build_once(self, checkout: Checkout) -> None:
        hold = checkout.root.parent / "hold"
        os.mkfifo(hold)
        first = checkout.start(HOLD=str(hold))
        with hold.open("w") as held:
            second = checkout.start()
            assert second.stderr is not None
            assert "waiting for it" in second.stderr.readline()
            held.write("\n")
        for process in (first, second):
            out, _ = process.communicate()
            assert process.returncode == 0
            assert out.startswith("['hallway']")
        assert checkout.builds() == 1

    def test_no_python(self, checkout: Checkout) -> None:
        code, _, err = checkout.run(PATH=str(checkout.root))
        assert code == 2
        assert "Python 3.11 or newer is needed" in err
        assert "sudo apt install python3 python3-venv" in err

    def test_a_python_that_is_too_old(self, checkout: Checkout) -> None:
        old = script(checkout.root / "old" / "python3", "#!/bin/sh\nexit 1\n")
        code, _, err = checkout.run(PATH=str(old.parent))
        assert code == 2
        assert "Python 3.11 or newer is needed" in err
        code, _, err = checkout.run(HALLWAY_PYTHON=str(old))
        assert code == 2
        assert f"HALLWAY_PYTHON is {old}" in err
        assert not (checkout.root / ".venv-run").exists()

    def test_too_old_is_what_the_project_says(self) -> None:
        with (ROOT / "pyproject.toml").open("rb") as file:
            wanted = tomllib.load(file)["project"]["requires-python"]
        major, minor = wanted.removeprefix(">=").split(".")
        assert f"sys.version_info < ({major}, {minor})" in (ROOT / "hallway").read_text()

    def test_a_folder_that_can_not_be_written_to(self, checkout: Checkout) -> None:
        (checkout.root / ".venv-run.lock").mkdir()
        code, _, err = checkout.run()
        assert code == 1
        assert f"could not be prepared in {checkout.root}: " in err
        assert f"type: cp -r '{checkout.root}' ~/hallway && ~/hallway/hallway" in err

    def test_a_new_python_is_found_behind_an_old_one(self, checkout: Checkout) -> None:
        script(checkout.root / "bin" / "python3", "#!/bin/sh\nexit 1\n")
        (checkout.root / "bin" / "python3.12").symlink_to(PYTHON)
        path = f"{checkout.root / 'bin'}:{checkout.environ['PATH']}"
        assert checkout.run(PATH=path)[0] == 0

    def test_a_benchmark_that_is_not_there(self, checkout: Checkout) -> None:
        (checkout.root / "benchmarks").mkdir()
        (checkout.root / "benchmarks/startup.py").write_text("print('started')")
        for name in ("nothing", "../tools/environment", "-h", ".startup"):
            code, _, err = checkout.run("bench", name)
            assert code == 2
            assert err.endswith("where NAME is one of:\n  startup\n")
        assert checkout.run("bench", "startup")[:2] == (0, "started\n")


class TestRealInstallers:
    """venv and pip as they are, installing a wheel from a folder."""

    @pytest.fixture
    def offline(self, checkout: Checkout) -> Checkout:
        checkout.environ |= {
            "HALLWAY_NO_UV": "1",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(checkout.root.parent),
        }
        digest = tiny_wheel(checkout.root.parent, number=1)
        lock(checkout, digest)
        return checkout

    def test_two_first_starts(self, offline: Checkout) -> None:
        both = [offline.start(), offline.start()]
        said = [process.communicate() for process in both]
        assert [process.returncode for process in both] == [0, 0]
        assert all(out.endswith(" 1\n") for out, _ in said)
        assert sum("this is done once" in err for _, err in said) == 1

    def test_a_wheel_that_is_not_the_locked_one(self, offline: Checkout) -> None:
        tiny_wheel(offline.root.parent, number=2)
        code, _, err = offline.run()
        assert code == 1
        assert "HASHES" in err
        assert "type: ./hallway" in err

    def test_a_python_without_ensurepip(self, offline: Checkout) -> None:
        """As Debian ships it without python3-venv: an existing pip does the work."""
        if not any(shutil.which(name, path=pip_path()) for name in ("pip3", "pip")):
            pytest.skip("needs a pip on PATH, or one beside this Python")
        hidden = "import sys, runpy; sys.modules['ensurepip'] = None; del sys.argv[0]; "
        debian = script(
            offline.root / "bin" / "python3",
            f'#!/bin/sh\ncase $2 in -c) exec "{PYTHON}" "$@" ;; esac\nshift\n'
            f'exec "{PYTHON}" -I -c "{hidden}runpy.run_path(sys.argv[0], run_name=\'__main__\')" '
            '"$@"\n',
        )
        code, out, err = offline.run(
            HALLWAY_PYTHON=str(debian), PATH=f"{offline.environ['PATH']}:{pip_path()}"
        )
        assert (code, out[-3:]) == (0, " 1\n"), err
        assert list((offline.root / ".venv-run").rglob("site-packages/pip")) == []


def pip_path() -> str:
    return f"{Path(sys.executable).parent}:{Path(PYTHON).parent}:{os.environ['PATH']}"


def lock(checkout: Checkout, digest: str) -> None:
    (checkout.root / "requirements.lock").write_text(f"tiny==1 --hash=sha256:{digest}\n")


def tiny_wheel(folder: Path, number: int) -> str:
    """A wheel with one module; returns its SHA-256, in hexadecimal."""
    files = {
        "tiny.py": f"number = {number}\n",
        "tiny-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n",
        "tiny-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "tiny-1.dist-info/RECORD"
    path = folder / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr(record, "".join(recorded(*file) for file in files.items()) + f"{record},,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recorded(name: str, text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    return f"{name},sha256={digest},{len(text)}\n"
