"""Addresses to which nothing goes that others could listen to."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_private_address(address: str) -> bool:
    """Tell whether nobody else can listen to what goes there: HTTPS, or this machine itself."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, and no other can reach it."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
