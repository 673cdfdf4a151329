"""When the relay takes no new circle, and what it says about it."""

from __future__ import annotations

from relay.shortage import EVERY, MIB, Resource, Shortage


class Machine:
    """A machine with as much free as a test says."""

    def __init__(self) -> None:
        self.disk: int | None = 1000 * MIB
        self.memory: int | None = 1000 * MIB
        self.said: list[str] = []
        self.now = 1_000_000
        self.shortage = Shortage(
            (
                Resource("disk", "spare_disk_mib", 256 * MIB, lambda: self.disk),
                Resource("memory", "spare_memory_mib", 32 * MIB, lambda: self.memory),
            ),
            self.said.append,
        )

    def goes_on(self) -> bool:
        """Let the time pass until the next look; whether anything is short then."""
        self.shortage.tick(self.now)
        self.now += EVERY
        return self.shortage()


def test_with_enough_of_everything_nothing_is_said() -> None:
    machine = Machine()
    assert not machine.shortage()
    assert not machine.goes_on()
    assert machine.said == []


def test_either_is_enough_to_be_short() -> None:
    for name in ("disk", "memory"):
        machine = Machine()
        setattr(machine, name, 31 * MIB)
        assert machine.goes_on()
        assert machine.goes_on()
        (said,) = machine.said
        assert said.startswith(f"Short of {name}: 31 MiB are free, and spare_{name}_mib is ")


def test_the_least_is_enough() -> None:
    machine = Machine()
    machine.disk = 256 * MIB
    assert not machine.goes_on()
    machine.disk -= 1
    assert machine.goes_on()


def test_it_is_over_once_there_is_clearly_more() -> None:
    machine = Machine()
    machine.disk = 255 * MIB
    assert machine.goes_on()
    machine.disk = 319 * MIB
    assert machine.goes_on()
    machine.disk = 320 * MIB
    assert not machine.goes_on()
    assert machine.said[1:] == ["There is enough disk again (320 MiB free)."]


def test_what_nobody_knows_changes_nothing() -> None:
    machine = Machine()
    machine.disk = None
    assert not machine.goes_on()
    machine.disk = 1
    assert machine.goes_on()
    machine.disk = None
    assert machine.goes_on()


def test_it_looks_now_and_then_whatever_the_clock_does() -> None:
    machine = Machine()
    machine.goes_on()
    machine.disk = 1
    machine.shortage.tick(machine.now - 1)
    assert not machine.shortage()
    machine.shortage.tick(machine.now - 10 * EVERY)
    assert machine.shortage()
