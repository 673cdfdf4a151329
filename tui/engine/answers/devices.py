"""A person's devices: linking another one, listing and removing them."""

from __future__ import annotations

from crypto.circle.names import device_label
from crypto.code import SpokenCode
from crypto.code_reading import read_code as parse_code
from crypto.errors import CodeError
from crypto.relay_address import RelayAddress
from tui.engine import commands, giving, own_devices
from tui.engine.answers.asker import Answers, Asker
from tui.engine.answers.circles import tidied
from tui.engine.errors import WishError
from tui.engine.events import DeviceGoes, Devices, Exit

HISTORY_MOST = 0xFFFF
NOT_SPOKEN = "That is no code of a device: those are three words, from `hallway device link` there."
NO_LABEL = "Say what this device is called, so that you can tell your devices apart."


def open_link(asker: Asker, command: commands.OpenLink) -> None:
    """Show a code for another device."""
    if not 0 <= command.history <= HISTORY_MOST:
        raise WishError("history", "A device is told 0 to 65535 messages of before.", Exit.USAGE)
    desk = asker.desk
    for line in desk.circle_lines():
        line.hurry()
    giving.begin(asker.context, asker.circles, command.history, command.ref, desk.default_address)


def answer_link(asker: Asker, command: commands.AnswerLink) -> None:
    """Yes or no to the device that asks."""
    giver = asker.context.giver
    if giver is None:
        raise WishError("none", "No device is being linked just now.")
    giver.answer(command.yes)
    asker.finish(command.ref)


def close_link(asker: Asker, command: commands.CloseLink) -> None:
    """Close it."""
    giving.close(asker.context)
    asker.finish(command.ref)


def follow_link(asker: Asker, command: commands.FollowLink) -> None:
    """Become another device of whoever shows the code."""
    label = tidied(device_label, command.label)
    if not label:
        raise WishError("no_label", NO_LABEL, Exit.USAGE)
    try:
        code = parse_code(command.code)
        if not isinstance(code, SpokenCode):
            raise WishError("not_spoken", NOT_SPOKEN)
        relay = command.relay or asker.desk.default_relay
        if code.address is None and not relay:
            raise WishError("no_relay", "This code is on another relay: add @ and its address.")
        where = RelayAddress.typed(relay if code.address is None else str(code.address))
    except CodeError as error:
        raise WishError("code", str(error)) from error
    asker.desk.take_link(code, where.parsed, command.ref, label, where.certificate_pin)


def list_devices(asker: Asker, command: commands.ListDevices) -> None:
    """All devices of this person."""
    found = own_devices.facts(asker.circles(), asker.desk.linkings())
    asker.context.tell(Devices(ref=command.ref, devices=found))


def remove_device(asker: Asker, command: commands.RemoveDevice) -> None:
    """Take a device out of every circle."""
    gone, stays = own_devices.remove(asker.circles(), command.label)
    for line in asker.desk.circle_lines():
        line.hurry()
    asker.context.tell(DeviceGoes(ref=command.ref, circles=gone, left=stays))


TABLE: Answers = {
    commands.OpenLink: open_link,
    commands.AnswerLink: answer_link,
    commands.CloseLink: close_link,
    commands.FollowLink: follow_link,
    commands.ListDevices: list_devices,
    commands.RemoveDevice: remove_device,
}
