"""Names of hosts: which of them only this computer has, and which a request may call the server by."""

from __future__ import annotations

import ipaddress
import re

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s/?#@:\[\]]+)(:\d*)?", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def name_of(host: str) -> str | None:
    """The name or the address in a Host header (RFC 9110, section 7.2), in small letters, without its port.

    None where it holds neither.
    """
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower() if found else None
