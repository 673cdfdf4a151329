"""The counts in Prometheus' text format."""

from __future__ import annotations

from relay import wire
from relay.machine import Usage
from relay.metrics import Metric, of_machine, render
from relay.wire import Refusal
from tests.relay.world import World


def test_a_metric_is_help_type_and_sample() -> None:
    metric = Metric("some_bytes", "gauge", "Some.", 1.5, ("kind", "odd"))
    assert list(metric.lines()) == [
        "# HELP some_bytes Some.",
        "# TYPE some_bytes gauge",
        'some_bytes{kind="odd"} 1.5',
    ]


def test_large_numbers_are_written_out() -> None:
    assert list(Metric("n", "counter", "N.", 123_456_789_012).lines())[2] == "n 123456789012"


def test_what_nobody_knows_is_left_out() -> None:
    found = of_machine(Usage(None, 0.25, None), None, 5, 7, 1_500, True)
    samples = {metric.name: metric.value for metric in found}
    assert samples == {
        "hallway_memory_free_bytes": 5,
        "hallway_database_bytes": 7,
        "hallway_short": 1,
        "process_cpu_seconds_total": 0.25,
        "process_start_time_seconds": 1.5,
    }


def test_what_the_relay_counts() -> None:
    world = World()
    ana, bo = world.pair()
    ana.say(ana.append())
    bo.heard()
    stranger = world.connect()
    code, _ = stranger.refused(wire.ClaimNameplate([1, 2]))
    page = render(world.hub, 3, [Metric("more", "gauge", "More.", 1)])
    for line in (
        "hallway_sockets 3",
        "hallway_sessions 2",
        "hallway_circles_in_memory 1",
        "hallway_circles_restoring 0",
        "hallway_bindings_total 2",
        "hallway_entries_total 3",
        "more 1",
        f'hallway_refusals_total{{name="{Refusal(code).name.lower()}"}} 1',
    ):
        assert f"{line}\n" in page
    assert page.endswith("\n")
