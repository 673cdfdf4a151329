"""Transcript hashes (RFC 9420 section 8.2): one value for all Commits that led to an epoch.

    confirmed[n] = H(interim[n-1] ‖ the Commit with its signature)
    interim[n]   = H(confirmed[n] ‖ confirmation tag)

The tag of a Commit depends on its confirmed hash, hence the two. Before a group's first Commit the
confirmed hash is empty.
"""

from __future__ import annotations

from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.codec import Writer
from crypto.mls.framing import AuthenticatedContent


def confirmed_transcript_hash(
    suite: CipherSuite, interim_transcript_hash_before: bytes, commit: AuthenticatedContent
) -> bytes:
    """The confirmed hash after a Commit; its confirmation tag need not be there yet."""
    writer = Writer()
    writer.raw(interim_transcript_hash_before)
    writer.uint16(commit.wire_format)
    writer.struct(commit.content)
    writer.opaque(commit.auth.signature)
    return suite.hash(writer.getvalue())


def interim_transcript_hash(
    suite: CipherSuite, confirmed_transcript_hash: bytes, confirmation_tag: bytes
) -> bytes:
    """The interim hash of an epoch, which goes into the next Commit's confirmed hash."""
    writer = Writer()
    writer.raw(confirmed_transcript_hash)
    writer.opaque(confirmation_tag)
    return suite.hash(writer.getvalue())
