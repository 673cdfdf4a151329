"""What an operator may know: counts over the whole relay, in Prometheus' text format.

Nothing here is about one circle, one person or one address.
"""

from __future__ import annotations

from relay.hub import Hub
from relay.wire import Refusal


def render(hub: Hub, sockets: int) -> str:
    """The page: one line of help, one of type and the samples for each metric."""
    counts = hub.statistics
    lines = [
        *_metric("sockets", "gauge", "Sockets that are open.", sockets),
        *_metric("sessions", "gauge", "Sockets that have shaken hands.", len(hub.sessions)),
        *_metric("bindings_total", "counter", "Devices bound since the start.", counts.bindings),
        *_metric("entries_total", "counter", "Entries ordered since the start.", counts.ordered),
        *_metric("deliveries_total", "counter", "Entries sent to readers.", counts.delivered),
        "# HELP hallway_refusals_total Refusals, by their name in the protocol.",
        "# TYPE hallway_refusals_total counter",
    ]
    for code, count in sorted(counts.refusals.items()):
        lines.append(f'hallway_refusals_total{{name="{Refusal(code).name.lower()}"}} {count}')
    return "\n".join(lines) + "\n"


def _metric(name: str, kind: str, text: str, value: int) -> tuple[str, str, str]:
    full = f"hallway_{name}"
    return f"# HELP {full} {text}", f"# TYPE {full} {kind}", f"{full} {value}"
