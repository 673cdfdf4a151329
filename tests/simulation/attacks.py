"""Every kind of attack that a life may suffer.

Each is staged on a life: `whom` it is against, and `play`, which says whether it came to be. What
follows from it is seen by the checker alone: somebody against whom it is names it by `words`, or it
is one of those that may pass in silence because they do no harm (`silent`).
"""

from __future__ import annotations

from tests.simulation.members import MEMBERS
from tests.simulation.relays import RELAYS

ATTACKS = [*RELAYS, *MEMBERS]
"""Those of docs/protocol.md section 5, of docs/threat-model.md, and what a member may try."""
