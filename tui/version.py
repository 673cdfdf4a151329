"""Which Hallway this is: the one place that knows."""

from __future__ import annotations


def version() -> str:
    """The version, as ``pyproject.toml`` states it.

    An installed Hallway has it in its metadata; a checkout isn't installed and is asked itself.
    Both modules are imported here because they cost more than the rest of ``hallway --help``.
    """
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("hallway")
    except PackageNotFoundError:
        return _of_checkout()


def _of_checkout() -> str:
    import tomllib
    from pathlib import Path

    path = Path(__file__).resolve().parent.parent / "pyproject.toml"
    with path.open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
