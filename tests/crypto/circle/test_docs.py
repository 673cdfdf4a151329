"""docs/protocol.md section 2 and 4.4 agree with the rules in the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from crypto.access.side_data import RETENTION_HIGHEST, RETENTION_LOWEST
from crypto.circle import extensions, genesis, state
from crypto.circle.device import LABEL_LONGEST, NAME_LONGEST, Device
from crypto.circle.genesis import Genesis
from crypto.circle.plan import PROPOSAL_RULES
from crypto.circle.rules import TABLE, Who
from crypto.circle.state import CircleState, Invite, MemberRecord
from crypto.mls.codec import Struct
from crypto.relay_address import RelayAddress

PAGE = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text("utf-8")

pytestmark = pytest.mark.docs


def rows(heading: str) -> list[list[str]]:
    """The cells of the table that begins with this heading row."""
    lines = PAGE[PAGE.index(heading) :].splitlines()[2:]
    table = lines[: next(i for i, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def struct_fields(name: str) -> list[str]:
    """The field names of a structure on the page, in order."""
    body = PAGE[: PAGE.index(f"}} {name};")].rsplit("struct {", 1)[1]
    return re.findall(r"^ +\S+ +(\w+)[^;\n]*;", body, re.MULTILINE)


@pytest.mark.parametrize(
    ("struct", "constant"),
    [
        (Genesis, {"version"}),
        (Device, set()),
        (RelayAddress, set()),
        (Invite, set()),
        (MemberRecord, set()),
        (CircleState, set()),
    ],
)
def test_the_structures_have_the_pages_fields(struct: type[Struct], constant: set[str]) -> None:
    named = [name for name in struct_fields(struct.__name__) if name not in constant]
    own = [field.name for field in fields(struct)]  # type: ignore[arg-type]
    assert set(named) == set(own)
    # A field with a default stands last in the code, wherever it is on the wire.
    in_order = [name for name in named if name != "rules"]
    assert in_order == [name for name in own if name != "rules"]


def test_the_table_of_fields_has_the_pages_rows() -> None:
    named: dict[str, str] = {}
    for names, who, _ in rows("| field | who | how |"):
        named |= dict.fromkeys(names.split(", "), who)
    assert named.keys() == {row.field for row in TABLE}
    for row in TABLE:
        assert (named[row.field] == "hosts") is (row.who is Who.HOSTS), row.field
        assert ("the committer of" in named[row.field]) is (row.who is Who.PROPOSALS), row.field


def test_the_table_of_proposals_has_the_pages_rows() -> None:
    assert [name for name, _ in rows("| proposal | is rightful when |")] == list(PROPOSAL_RULES)


def test_the_extension_types_are_the_pages() -> None:
    for code, name, _, _ in rows("| code | name | where | holds |"):
        assert getattr(extensions, name.strip("`").upper()) == int(code.strip("`"), 16)


@pytest.mark.parametrize(
    "words",
    [
        f"what the person is called here, 1 … {NAME_LONGEST} bytes",
        f"which of their devices, 0 … {LABEL_LONGEST} bytes",
        f"cap;                    // {genesis.CAP_LOWEST} … {genesis.CAP_HIGHEST}",
        f"left: 1 … {state.USES_MOST}",
        f"name<V>;          // 1 … {state.NAME_LONGEST} bytes",
        f"topic<V>;         // 0 … {state.TOPIC_LONGEST} bytes",
        f"{RETENTION_LOWEST} … {RETENTION_HIGHEST}",
        f"0 never, or {state.DISAPPEAR_LOWEST} … {state.DISAPPEAR_HIGHEST}",
        f"// 1 … {state.RELAYS_MOST}; the first is in use",
        f"at most {state.INVITES_MOST}, at most {state.INVITES_PER_ISSUER} an issuer",
        f"which has fewer than {state.DEVICES_MOST} leaves",
        f"| key package lifetime | {extensions.KEY_PACKAGE_LIFETIME // 86_400} days",
    ],
)
def test_the_bounds_are_the_pages(words: str) -> None:
    assert words in PAGE
