"""What every test shares: the Hypothesis profiles.

``HALLWAY_HYPOTHESIS`` chooses one: ``quick`` (the default), or ``thorough`` for a long look. Both
are deterministic where ``CI`` is set, so that a red run can be repeated.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_CI = os.environ.get("CI", "") not in ("", "0", "false")

# A deadline would measure the machine, and xdist's workers share it.
_common = settings(
    deadline=None,
    derandomize=_CI,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", _common, max_examples=40)
settings.register_profile("thorough", _common, max_examples=2000)
settings.load_profile(os.environ.get("HALLWAY_HYPOTHESIS", "quick"))
