"""Which addresses on the network other people's URLs may lead us to.

The list is Microsoft's (the package `microsoft-antissrf`), which is kept up as
cloud providers add metadata addresses; ours only closes it for IPv6, where what
is not global unicast is refused whole.
"""

import ipaddress
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from AntiSSRF import IPAddressRanges  # type: ignore[import-untyped]

_UNICAST = ipaddress.ip_network("2000::/3")


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the open internet."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_global and not _is_reserved(parsed)


def _is_reserved(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return True
    return any(address in network for network in _networks())


@cache
def _networks() -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ipaddress.ip_network, IPAddressRanges.recommended_latest))
