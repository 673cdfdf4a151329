"""Credentials are read back; a type whose length nobody knows is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.codec import Reader, Writer
from crypto.mls.credential import (
    BasicCredential,
    Credential,
    X509Credential,
    read_credential,
    write_credential,
)
from crypto.mls.errors import DecodeError

credentials: st.SearchStrategy[Credential] = st.one_of(
    st.builds(BasicCredential, st.binary(max_size=80)),
    st.builds(X509Credential, st.lists(st.binary(max_size=80), max_size=3).map(tuple)),
)


def _encoded(credential: Credential) -> bytes:
    writer = Writer()
    write_credential(writer, credential)
    return writer.getvalue()


@given(credentials)
def test_what_is_written_is_read_back(credential: Credential) -> None:
    reader = Reader(_encoded(credential))
    assert read_credential(reader) == credential
    reader.finish()


def test_the_layouts() -> None:
    assert _encoded(BasicCredential(b"Ana")) == b"\x00\x01\x03Ana"
    assert _encoded(X509Credential((b"leaf", b"ca"))) == b"\x00\x02\x08\x04leaf\x02ca"


@pytest.mark.parametrize("credential_type", [0x0000, 0x0003, 0x0A0A, 0xFFFF])
def test_an_unknown_type_is_refused(credential_type: int) -> None:
    with pytest.raises(DecodeError, match=f"type {credential_type:#06x} is unknown"):
        read_credential(Reader(credential_type.to_bytes(2) + b"\x03Ana"))


def test_a_cut_credential_is_refused() -> None:
    whole = _encoded(X509Credential((b"leaf", b"ca")))
    for length in range(len(whole)):
        with pytest.raises(DecodeError):
            read_credential(Reader(whole[:length]))
