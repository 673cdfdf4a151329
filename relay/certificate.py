"""The relay's certificate: from the operator's files, or made here, once and for good.

A certificate that the relay made itself is known by its pin, the SHA-256 of it, which stands in the
state of every circle that was opened here and on every card. Another one would lock these circles
out. So it is made for ten years, clients look at nothing but the pin, and it is never replaced:
where the pin is there and the certificate is not, the relay refuses to start.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crypto.primitives import sha256
from relay.config import Config, ConfigError, exposed
from relay.directory import Directory

YEARS = 10
_DAY = timedelta(days=1)

STAYS = "The relay made its certificate itself. It stays as it is."
NONE = "There is no certificate that could be read anew."


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the relay's sockets show.

    :param context: for the sockets that come from now on.
    :param pin: of a certificate that the relay made itself, in hexadecimal; else empty.
    :param renew: reads the operator's files anew, and gives a sentence; ConfigError if they cannot
        be used, and then it is as before.
    """

    context: ssl.SSLContext
    pin: str
    renew: Callable[[], str]


def certificate(config: Config, directory: Directory) -> Certificate | None:
    """The relay's, None for plain ws. ConfigError. Whoever calls this holds the directory.

    Plain ws is for the loopback, for a proxy that is named, and for whoever asks for it.
    """
    if config.tls == "own":
        pin = _kept(directory)
        context = _load(str(directory.certificate), str(directory.certificate))
        return Certificate(context, pin, lambda: STAYS)
    if config.tls_cert:
        return _of_files(config.tls_cert, config.tls_key)
    there = exposed(config)
    if config.tls == "auto" and there and not config.proxy:
        raise ConfigError(
            f"{there} can be reached by others, and there is no certificate. Have the relay make"
            " one with --tls own, or give --tls-cert and --tls-key, or name the proxy that has one"
            " with --proxy. In a network that you trust --tls plain does without."
        )
    return None


def own_pin(directory: Directory) -> str:
    """The pin of the certificate that was made here; empty where none was made. ConfigError."""
    try:
        kept = directory.pin.read_text("ascii").strip()
    except FileNotFoundError:
        kept = ""
    except (OSError, ValueError) as error:
        raise ConfigError(f"{directory.pin} cannot be read: {error}.") from error
    try:
        text = directory.certificate.read_text("ascii")
        pin = sha256(ssl.PEM_cert_to_DER_cert(text[: text.index(_END) + len(_END)])).hex()
    except FileNotFoundError:
        pin = ""
    except (OSError, ValueError) as error:
        raise ConfigError(f"{directory.certificate} cannot be read: {error}.") from error
    if kept not in ("", pin):
        what = "holds another certificate" if pin else "is gone"
        raise ConfigError(
            f"{directory.certificate} {what}. The circles of this relay know one alone, by its pin"
            f" {kept[:8]}…: put it back from where you keep a copy. If there are no circles here,"
            f" remove both it and {directory.pin}, and the relay makes another one."
        )
    return pin


def where_to_open(
    listen: Sequence[str], names: Sequence[str], proxies: Sequence[str], pin: str
) -> list[str]:
    """What friends give to `hallway open --relay`, of a relay that listens at these URLs."""
    scheme, _, first = listen[0].partition("://")
    host, _, port = first.rpartition(":")
    here = f"HOST:{port}" if host.strip("[]") in _ANYWHERE else first
    plain = "ws://" if scheme == "ws" and not proxies else ""
    return [f"{name}{PIN_MARK}{pin}" if pin else f"{plain}{name}" for name in names or (here,)]


PIN_MARK = "+"
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - to be told from the others
_END = "-----END CERTIFICATE-----"


def _of_files(chain: str, key: str) -> Certificate:
    context = _load(chain, key)

    def renew() -> str:
        _load(chain, key)  # in a context of its own: half a change would leave none that works
        context.load_cert_chain(chain, key)
        return f"The certificate {chain} was read anew."

    return Certificate(context, "", renew)


def _load(chain: str, key: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(chain, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"The certificate {chain} and its key {key} cannot be used: {error}."
        ) from error
    return context


def _kept(directory: Directory) -> str:
    """The pin of the certificate that was made here, or is made now. ConfigError."""
    pin = own_pin(directory)
    try:
        if not pin:
            pem, pin = _new()
            _write(directory.certificate, pem)
        if not directory.pin.exists():
            _write(directory.pin, f"{pin}\n".encode())
    except OSError as error:
        raise ConfigError(
            f"The relay's certificate cannot be written to {directory.path}: {error.strerror}."
        ) from error
    return pin


def _new() -> tuple[bytes, str]:
    """A certificate with its key, as PEM, and its pin."""
    # Imported here: once in a relay's life.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    # No name of anybody's: what counts is the pin, and whoever dials in is shown this.
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hallway relay")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY * 365 * YEARS)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    return public + private, sha256(made.public_bytes(serialization.Encoding.DER)).hex()


def _write(path: Path, data: bytes) -> None:
    """A new file for its owner alone, whole or not there; what is there already stays."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.link(unfinished, path)
    unfinished.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
