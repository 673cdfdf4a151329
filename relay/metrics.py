"""What an operator may know: counts over the whole relay, in Prometheus' text format.

Nothing here is about one circle, one person or one address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from relay.hub import Hub
from relay.machine import Usage
from relay.wire import Refusal


@dataclass(frozen=True, slots=True)
class Metric:
    """One number. A `label` is a name and its value, which may not need to be escaped."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    value: float
    label: tuple[str, str] | None = None

    def lines(self) -> Iterator[str]:
        """A line of help and one of type, where there are any words, and the sample."""
        if self.help:
            yield f"# HELP {self.name} {self.help}"
            yield f"# TYPE {self.name} {self.kind}"
        label = f'{{{self.label[0]}="{self.label[1]}"}}' if self.label else ""
        yield f"{self.name}{label} {self.value:.15g}"


def of_hub(hub: Hub, sockets: int) -> list[Metric]:
    """What the relay counts by itself."""
    counts = hub.statistics
    restoring = sum(circle.mending.under_way for circle in hub.circles.values())
    return [
        Metric("hallway_sockets", "gauge", "Sockets that are open.", sockets),
        Metric("hallway_sessions", "gauge", "Sockets that have shaken hands.", len(hub.sessions)),
        Metric("hallway_circles_in_memory", "gauge", "Circles in use lately.", len(hub.circles)),
        Metric("hallway_circles_restoring", "gauge", "Of these, logs being made whole.", restoring),
        Metric(
            "hallway_bindings_total", "counter", "Devices bound since the start.", counts.bindings
        ),
        Metric(
            "hallway_entries_total", "counter", "Entries ordered since the start.", counts.ordered
        ),
        Metric("hallway_deliveries_total", "counter", "Entries sent to readers.", counts.delivered),
        Metric("hallway_blobs_total", "counter", "Blobs kept since the start.", counts.blobs),
        Metric(
            "hallway_blob_received_bytes_total",
            "counter",
            "Bytes of blobs handed in.",
            counts.blob_bytes_in,
        ),
        Metric(
            "hallway_blob_sent_bytes_total",
            "counter",
            "Bytes of blobs sent.",
            counts.blob_bytes_out,
        ),
    ]


def of_proxies(counts: Mapping[str, int]) -> list[Metric]:
    """Sockets by what a reverse proxy said of them."""
    words = "Sockets through a named proxy that named its visitor, or was silent; of a strange one."
    labels = ("named", "silent", "strange")
    return [
        Metric(
            "hallway_proxied_total",
            "counter",
            "" if place else words,
            counts.get(label, 0),
            ("visitor", label),
        )
        for place, label in enumerate(labels)
    ]


def of_machine(
    usage: Usage, disk: int | None, memory: int | None, database: int, started: int, short: bool
) -> list[Metric]:
    """What the machine has left, and what the relay takes of it; what nobody knows is left out.

    Bytes; `started` in milliseconds since 1970.
    """
    known = (
        ("hallway_disk_free_bytes", "Bytes that the relay may still write.", disk),
        ("hallway_memory_free_bytes", "Bytes of memory that may be had.", memory),
        ("process_resident_memory_bytes", "Bytes of memory that are taken.", usage.memory),
        ("process_open_fds", "Files and sockets that are open.", usage.files),
    )
    return [
        *(Metric(name, "gauge", text, value) for name, text, value in known if value is not None),
        Metric("hallway_database_bytes", "gauge", "Bytes of the database's files.", database),
        Metric("hallway_short", "gauge", "1 while no new circle is opened, else 0.", short),
        Metric(
            "process_cpu_seconds_total", "counter", "Seconds of processor time.", usage.processor
        ),
        Metric(
            "process_start_time_seconds", "gauge", "When it started, since 1970.", started / 1000
        ),
    ]


def render(hub: Hub, sockets: int, more: Iterable[Metric] = ()) -> str:
    """The page: one line of help, one of type and the samples for each metric."""
    counts = hub.statistics
    refusals = "Refusals, by their name in the protocol."
    named = [
        Metric(
            "hallway_refusals_total",
            "counter",
            "" if place else refusals,
            count,
            ("name", Refusal(code).name.lower()),
        )
        for place, (code, count) in enumerate(sorted(counts.refusals.items()))
    ]
    found = (*of_hub(hub, sockets), *more, *named)
    return "\n".join(line for metric in found for line in metric.lines()) + "\n"
