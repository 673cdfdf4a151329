"""Any frame, in both directions."""

from __future__ import annotations

from hypothesis import strategies as st

from relay import wire
from relay.wire import FromClient, FromRelay

ids = st.binary(min_size=16, max_size=16)
keys = st.binary(min_size=32, max_size=32)
signatures = st.binary(min_size=64, max_size=64)
numbers = st.integers(0, 2**63 - 1)
bytes_ = st.integers(0, 255)
codes = st.integers(0, 0xFFFF)
words = st.lists(st.integers(0, 1295), min_size=1, max_size=2)
bodies = st.binary(max_size=100)
sizes = st.integers(0, wire.STAGED_LIMIT)

from_relay: st.SearchStrategy[FromRelay] = st.one_of(
    st.builds(wire.Hello, keys, keys, numbers),
    st.builds(wire.Bound, ids, numbers, keys, signatures, numbers, numbers, bytes_, bytes_),
    st.builds(wire.Entry, numbers, bytes_, numbers, bodies, bodies),
    st.builds(wire.Gone, numbers, bytes_, keys),
    st.builds(wire.Head, ids, numbers, keys, signatures),
    st.builds(wire.Done, ids, numbers, numbers),
    st.builds(wire.Refused, st.none() | ids, codes, numbers),
    st.builds(wire.BeatOf, keys, bodies),
    st.builds(wire.EphemeralOf, keys, bodies),
    st.builds(wire.Card, bodies, bytes_, bytes_),
    st.builds(wire.Answer, codes),
    st.builds(wire.Welcome, keys, sizes, sizes, bodies),
    st.builds(wire.Nameplate, words, numbers),
    st.builds(wire.Said, bodies),
    st.builds(wire.Closed, codes),
    st.builds(wire.CaughtUp, numbers),
    st.builds(wire.Restoring, numbers, numbers, st.booleans()),
    st.builds(wire.Restored),
    st.builds(wire.Begins, numbers, keys, numbers, keys, st.booleans()),
    st.builds(wire.BlobKept, keys, numbers),
    st.builds(wire.BlobPart, keys, numbers, numbers, bodies),
)
from_client: st.SearchStrategy[FromClient] = st.one_of(
    st.builds(
        wire.Create,
        ids,
        keys,
        st.integers(2, 50),
        st.none() | st.text("té", max_size=64),
        signatures,
    ),
    st.builds(
        wire.Settle,
        ids,
        keys,
        numbers,
        keys,
        numbers,
        keys,
        st.booleans(),
        st.integers(2, 50),
        st.integers(2, 50),
        st.integers(86_400, 31_536_000),
        keys,
        bodies,
        st.none() | st.text("té", max_size=64),
        signatures,
    ),
    st.builds(wire.Bind, ids, keys, numbers, signatures),
    st.builds(wire.Guest, ids, signatures),
    st.builds(wire.Append, ids, numbers, bodies),
    st.builds(wire.Commit, ids, numbers, bodies, bodies),
    st.builds(wire.Request, ids, bodies),
    st.builds(wire.Rejoin, ids, bodies),
    st.builds(wire.Ack, numbers),
    st.builds(wire.Beat, bodies),
    st.builds(wire.Ephemeral, bodies),
    st.builds(wire.Stage, keys, sizes, sizes, bodies),
    st.builds(wire.FetchWelcome),
    st.builds(wire.Report, ids, numbers, keys, signatures),
    st.builds(wire.Outline, numbers, bodies),
    st.builds(wire.Restore, numbers, numbers, st.none() | bodies, bodies, st.none() | keys),
    st.builds(wire.Read, numbers, numbers),
    st.builds(wire.OpenNameplate),
    st.builds(wire.ClaimNameplate, words),
    st.builds(wire.Say, bodies),
    st.builds(wire.CloseNameplate),
    st.builds(wire.PutBlob, keys, numbers, numbers, bodies),
    st.builds(wire.GetBlob, keys, numbers),
)
