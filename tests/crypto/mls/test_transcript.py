"""Transcript hashes: the published answers, and what they cover."""

from __future__ import annotations

from dataclasses import replace

from crypto.mls.framing import AuthenticatedContent, FramedContentAuthData, WireFormat
from crypto.mls.key_schedule import compute_confirmation_tag
from crypto.mls.transcript import confirmed_transcript_hash, interim_transcript_hash
from crypto.secret import Secret
from tests.crypto.mls.members import SUITE
from tests.vectors import vectors

BEFORE = b"\x01" * 32


def a_commit() -> AuthenticatedContent:
    (case,) = vectors("transcript-hashes")
    return AuthenticatedContent.decode(bytes.fromhex(case["authenticated_content"]))


def confirmed(commit: AuthenticatedContent, before: bytes = BEFORE) -> bytes:
    return confirmed_transcript_hash(SUITE, before, commit)


def test_the_hashes_are_those_of_the_vectors() -> None:
    (case,) = vectors("transcript-hashes")
    commit = a_commit()
    after = confirmed(commit, bytes.fromhex(case["interim_transcript_hash_before"]))
    assert after.hex() == case["confirmed_transcript_hash_after"]
    tag = compute_confirmation_tag(SUITE, Secret(bytes.fromhex(case["confirmation_key"])), after)
    assert commit.auth.confirmation_tag == tag
    assert interim_transcript_hash(SUITE, after, tag).hex() == case["interim_transcript_hash_after"]


def test_a_commit_is_read_and_written_as_in_the_vectors() -> None:
    (case,) = vectors("transcript-hashes")
    assert a_commit().encode().hex() == case["authenticated_content"]


def test_the_confirmed_hash_does_not_wait_for_the_tag() -> None:
    commit = a_commit()
    unconfirmed = replace(commit, auth=FramedContentAuthData(commit.auth.signature))
    assert confirmed(unconfirmed) == confirmed(commit)
    assert confirmed(unconfirmed.with_confirmation_tag(b"any")) == confirmed(commit)


def test_the_confirmed_hash_covers_everything_else() -> None:
    commit = a_commit()
    others = [
        replace(commit, wire_format=WireFormat.PRIVATE_MESSAGE),
        replace(commit, auth=replace(commit.auth, signature=b"another")),
        replace(commit, content=replace(commit.content, epoch=commit.content.epoch + 1)),
        replace(commit, content=replace(commit.content, authenticated_data=b"other")),
    ]
    hashes = {confirmed(other) for other in (commit, *others)}
    assert len(hashes) == 5
    assert confirmed(commit, b"\x02" * 32) not in hashes


def test_the_interim_hash_covers_hash_and_tag() -> None:
    hashes = {
        interim_transcript_hash(SUITE, transcript, tag)
        for transcript in (b"", b"\x01" * 32, b"\x02" * 32)
        for tag in (b"\x03" * 32, b"\x04" * 32)
    }
    assert len(hashes) == 6


def test_a_group_starts_from_an_empty_confirmed_hash() -> None:
    tag = b"\x05" * 32
    assert interim_transcript_hash(SUITE, b"", tag) == SUITE.hash(b"\x20" + tag)
