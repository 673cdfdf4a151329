"""What a commit did, in words for the conversation."""

from __future__ import annotations

from crypto.circle.happened import (
    CameIn,
    CameInAgain,
    DeviceAdded,
    DeviceRemoved,
    Happening,
    HostNamed,
    HostNoMore,
    Left,
    Outcome,
    Person,
    Removed,
    Renamed,
    RosterPutRight,
    SettingChanged,
)
from crypto.circle.state import Door
from tui.spans import in_words


def sentences(outcome: Outcome, me: bytes) -> list[str]:
    """One sentence for each happening that people are told of; `me` is this person's key."""
    told = [_sentence(happening, outcome.by, me) for happening in outcome.happened]
    told.append(_moved(outcome, "You" if outcome.by.member == me else outcome.by.name))
    return [sentence for sentence in told if sentence]


def _moved(outcome: Outcome, who: str) -> str:
    """What became of the circle's relay, whichever of the two fields say so."""
    before = {each.field: each.before for each in outcome.happened if type(each) is SettingChanged}
    listed, (relay, _) = before.get("relays"), outcome.state.relay
    elsewhere = isinstance(listed, tuple) and listed[0] != relay
    if elsewhere or "relay_key" in before:
        where = relay.address if elsewhere else f"another relay at {relay.address}"
        return f"{who} moved the circle to {where}. All open codes were withdrawn."
    return f"{who} changed the relays that stand ready." if listed is not None else ""


def _sentence(happening: Happening, by: Person, me: bytes) -> str:
    match happening:
        case CameIn(person, invited_by):
            giver = "you" if invited_by.member == me else invited_by.name
            if person.member == me:
                return f"You are here, on the code that {giver} gave."
            return f"{person.name} is here, on the code that {giver} gave."
        case CameInAgain(person):
            return f"{person.name}'s device came in again, with fresh keys."
        case DeviceAdded(person, label):
            adder = "You" if person.member == me else person.name
            return f"{adder} added a device{f': {label}' if label else ''}."
        case Left(person):
            return f"{person.name} left."
        case Removed(person):
            remover = "You" if by.member == me else by.name
            return f"{remover} removed {person.name}. All open codes were withdrawn."
        case DeviceRemoved(person, label):
            named = f": {label}" if label else ""
            whose = "your devices" if person.member == me else f"{person.name}'s devices"
            remover = "You" if by.member == me else by.name
            if by.member == person.member != me:
                whose = "their own devices"
            return f"{remover} removed one of {whose}{named}. All open codes were withdrawn."
        case Renamed(person, before):
            return f"{before} is called {person.name} now."
        case HostNamed(person, succession):
            if succession:
                return f"{person.name} is host now, who has been here longest."
            return f"{person.name} is a host now."
        case HostNoMore(person):
            return f"{person.name} is no host any more."
        case SettingChanged("relays" | "relay_key"):
            return ""  # told by `_moved`, both in one
        case SettingChanged():
            return _setting(happening, "You" if by.member == me else by.name)
        case RosterPutRight():
            teller = "Your device" if by.member == me else f"{by.name}'s device"
            return f"{teller} told the relay anew who is here, after a change that was refused."
        case _:
            return ""


def _setting(change: SettingChanged, who: str) -> str:
    after = change.after
    match change.field, after:
        case "name", str():
            return f"{who} named the circle {after}."
        case "topic", str():
            return f"{who} set the topic: {after}." if after else f"{who} took the topic away."
        case "cap", int():
            return f"{who} lowered the number of chairs to {after}."
        case "door", Door():
            return (
                f"{who} changed the door: {'a member says yes' if after else 'a code is enough'}."
            )
        case "history", int():
            return f"{who} changed how many messages new codes show of the past: {after}."
        case "retention", int():
            return f"{who} had the relay keep messages and files for {in_words(after)}."
        case "disappear", int():
            if not after:
                return f"{who} set new messages to stay."
            return f"{who} set new messages to go after {in_words(after)}."
        case "presence" | "heard", bool():
            named = (
                "who is here and who is writing" if change.field == "presence" else "who read what"
            )
            if not after:
                return f"{who} set that nobody is shown {named}."
            return f"{who} set that others are shown {named}."
        case _:
            return f"{who} changed the circle's {change.field.replace('_', ' ')}."
