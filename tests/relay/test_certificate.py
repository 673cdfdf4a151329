"""The relay's certificate: made once, for its owner, never replaced; files that are renewed."""

from __future__ import annotations

import hashlib
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from relay.certificate import STAYS, YEARS, certificate, own_pin, where_to_open
from relay.config import Config, ConfigError
from relay.directory import Directory
from tests.relay.certificate import self_signed

OWN = Config(tls="own")


def shown(context: ssl.SSLContext) -> bytes:
    """What a client is shown, in a handshake in memory."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, server = asking.wrap_bio(back, there), context.wrap_bio(there, back, server_side=True)
    waiting = [client, server]
    for _ in range(4):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass
    return client.getpeercert(binary_form=True) or b""


class TestOwn:
    def test_it_is_made_once(self, tmp_path: Path) -> None:
        here = Directory(tmp_path / "d")
        assert own_pin(here) == ""
        made = certificate(OWN, here)
        assert made is not None
        assert made.pin == hashlib.sha256(shown(made.context)).hexdigest() == own_pin(here)
        before = here.certificate.read_bytes()
        again = certificate(OWN, here)
        assert again is not None and again.pin == made.pin
        assert shown(again.context) == shown(made.context)
        assert (made.renew(), here.certificate.read_bytes()) == (STAYS, before)

    def test_it_is_its_owners_alone_and_tells_nothing(self, tmp_path: Path) -> None:
        here = Directory(tmp_path / "d")
        made = certificate(OWN, here)
        assert made is not None
        assert sorted(os.listdir(here.path)) == ["certificate.pem", "certificate.pin"]
        for name in os.listdir(here.path):
            assert (here.path / name).stat().st_mode & 0o777 == 0o600
        read = x509.load_der_x509_certificate(shown(made.context))
        assert read.subject.rfc4514_string() == "CN=hallway relay"
        assert len(read.extensions) == 0
        now = datetime.now(UTC)
        assert read.not_valid_before_utc < now
        assert read.not_valid_after_utc > now + timedelta(days=YEARS * 365 - 1)

    def test_two_relays_have_two(self, tmp_path: Path) -> None:
        one, other = (certificate(OWN, Directory(tmp_path / name)) for name in "ab")
        assert one is not None and other is not None and one.pin != other.pin

    def test_it_is_not_made_anew_where_circles_know_it(self, tmp_path: Path) -> None:
        here = Directory(tmp_path)
        made = certificate(OWN, here)
        assert made is not None
        copy = here.certificate.read_bytes()
        here.certificate.unlink()
        with pytest.raises(ConfigError, match=f"is gone. .* {made.pin[:8]}…: put it back"):
            certificate(OWN, here)
        assert not here.certificate.exists()
        here.certificate.write_bytes(copy)
        assert own_pin(here) == made.pin

    def test_another_one_in_its_place_is_noticed(self, tmp_path: Path) -> None:
        here, there = Directory(tmp_path / "a"), Directory(tmp_path / "b")
        for each in (here, there):
            certificate(OWN, each)
        there.certificate.replace(here.certificate)
        with pytest.raises(ConfigError, match="holds another certificate"):
            certificate(OWN, here)

    def test_a_copy_alone_is_enough(self, tmp_path: Path) -> None:
        """Put into an empty folder, or left by a relay that died before it wrote the pin."""
        here = Directory(tmp_path)
        made = certificate(OWN, here)
        assert made is not None
        here.pin.unlink()
        again = certificate(OWN, here)
        assert again is not None and again.pin == made.pin
        assert here.pin.read_text() == f"{made.pin}\n"

    def test_what_was_not_written_to_its_end_is_in_nobodys_way(self, tmp_path: Path) -> None:
        here = Directory(tmp_path)
        (tmp_path / "certificate.pem.new").write_bytes(b"---")
        assert certificate(OWN, here) is not None
        assert not (tmp_path / "certificate.pem.new").exists()

    @pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"-----END CERTIFICATE-----"])
    def test_what_is_none_is_a_sentence(self, tmp_path: Path, data: bytes) -> None:
        here = Directory(tmp_path)
        here.certificate.write_bytes(data)
        with pytest.raises(ConfigError, match=r"certificate\.pem cannot be read"):
            certificate(OWN, here)
        assert here.certificate.read_bytes() == data

    @pytest.mark.parametrize("name", ["certificate.pem", "certificate.pin"])
    def test_what_cannot_be_read_is_a_sentence(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).mkdir()
        with pytest.raises(ConfigError, match="cannot be read"):
            certificate(OWN, Directory(tmp_path))

    def test_where_nothing_can_be_written(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be written to"):
            certificate(OWN, Directory(tmp_path / "none", make=False))


class TestFiles:
    def test_a_renewed_one_is_shown_from_then_on(self, tmp_path: Path) -> None:
        chain, key = self_signed(tmp_path, "chat.example.org")
        made = certificate(Config(tls_cert=str(chain), tls_key=str(key)), Directory(tmp_path))
        assert made is not None and made.pin == ""
        before = shown(made.context)
        self_signed(tmp_path, "chat.example.org")
        assert shown(made.context) == before
        assert made.renew() == f"The certificate {chain} was read anew."
        assert shown(made.context) == ssl.PEM_cert_to_DER_cert(chain.read_text()) != before

    def test_half_a_renewal_changes_nothing(self, tmp_path: Path) -> None:
        """A certificate is there already, and its key not yet."""
        chain, key = self_signed(tmp_path, "chat.example.org")
        made = certificate(Config(tls_cert=str(chain), tls_key=str(key)), Directory(tmp_path))
        assert made is not None
        before, old_key = shown(made.context), key.read_bytes()
        self_signed(tmp_path, "chat.example.org")
        key.write_bytes(old_key)
        with pytest.raises(ConfigError, match="cannot be used"):
            made.renew()
        assert shown(made.context) == before


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "[::1]:1", "localhost:1", "127.9.9.9:1"])
def test_plain_on_the_loopback(tmp_path: Path, listen: str) -> None:
    assert certificate(Config(listen=(listen,)), Directory(tmp_path)) is None


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "[::]:1", "192.168.1.20:1", "chat.example.org:1"])
def test_elsewhere_only_where_it_was_asked_for(tmp_path: Path, listen: str) -> None:
    here, both = Directory(tmp_path), ("127.0.0.1:1", listen)
    with pytest.raises(ConfigError, match="can be reached by others, and there is no certificate"):
        certificate(Config(listen=both), here)
    assert certificate(Config(listen=both, tls="plain"), here) is None
    assert certificate(Config(listen=both, proxy=("10.0.0.2",)), here) is None
    assert certificate(Config(listen=both, tls="own"), here) is not None


@pytest.mark.parametrize(
    ("listen", "names", "proxies", "pin", "said"),
    [
        ("wss://0.0.0.0:7600", (), (), "ab", ["HOST:7600+ab"]),
        ("wss://[::]:7600", (), (), "ab", ["HOST:7600+ab"]),
        ("wss://[2001:db8::1]:7600", (), (), "ab", ["[2001:db8::1]:7600+ab"]),
        ("wss://0.0.0.0:7600", ("a.example", "b:1"), (), "ab", ["a.example+ab", "b:1+ab"]),
        ("wss://0.0.0.0:7600", ("a.example:7600",), (), "", ["a.example:7600"]),
        ("ws://0.0.0.0:7600", ("a.example:7600",), (), "", ["ws://a.example:7600"]),
        ("ws://127.0.0.1:7600", ("a.example",), ("127.0.0.1",), "", ["a.example"]),
    ],
)
def test_where_circles_are_opened(
    listen: str, names: tuple[str, ...], proxies: tuple[str, ...], pin: str, said: list[str]
) -> None:
    assert where_to_open([listen], names, proxies, pin) == said
