"""What a client and its relay both compute: bindings, side data, the roster and the log's chain.

Section 4 of docs/protocol.md. Nothing here knows MLS: the relay sees access keys, chairs and
hashes, never members.
"""
