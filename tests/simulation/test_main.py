"""The long run: what is done is not done again, and what it has drawn is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.simulation import __main__ as main
from tests.simulation.attacks import ATTACKS
from tests.simulation.bugs import CLIENTS, plan
from tests.simulation.one import Result, run


def line(seed: int) -> str:
    attacks = [[ATTACKS[0].name, "named"], [ATTACKS[1].name, "harmless"]]
    return json.dumps(
        {"seed": seed, "digest": "0", "attacks": attacks, "crashes": {"before send": 2}}
    )


def test_finished_seeds_are_not_lived_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = tmp_path / "done"
    done.write_text("".join(line(seed) + "\n" for seed in (1, 2, 3)), "utf-8")
    assert main.many(3, 1, done) == 0
    told = capsys.readouterr().out
    assert told.startswith("3 seeds went well.")
    for name, numbers in ((ATTACKS[0].name, ["3", "0"]), (ATTACKS[1].name, ["0", "3"])):
        (row,) = [row for row in told.splitlines() if row.startswith(f"{name}  ")]
        assert row.split()[-2:] == numbers
    (row,) = [row for row in told.splitlines() if row.startswith("before send")]
    assert row.split()[-1] == "6"


def test_a_seed_that_went_well_is_a_line_of_the_file() -> None:
    result = run(3, plan(), CLIENTS)
    report = main.Report()
    report.add(main.as_line(result))
    assert report.seeds == {3}
    assert report.crashes == result.crashes


def test_a_seed_that_broke_a_promise_names_the_command_that_replays_it() -> None:
    result = Result(17, "0", 300, ("nothing is lost: this was",), (), {}, [])
    assert "nothing is lost: this was" in str(result)
    assert str(result).endswith("tests/simulation/run --seed 17")
