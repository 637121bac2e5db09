# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The pods' network: one "fabric" network namespace with a veth pair to each pod's own; nothing touches the host's.

The fabric routes between pods and has the addresses of Services, of published names and of the credentials endpoint.
It has no way to the host or beyond: only the node's proxies pass connections on.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from pyroute2 import IPRoute  # type: ignore[import-untyped]  # pyroute2 has no types
from pyroute2.netlink.exceptions import NetlinkError  # type: ignore[import-untyped]  # pyroute2 has no types

from sandbox.node.namespaces import NamespaceError, NetworkThread

POD_NETWORK = IPv4Network("10.244.0.0/16")
_GATEWAY = str(POD_NETWORK[1])
_LOOPBACK_INDEX = 1
_SCOPE_LINK = 253
_SYSCTL = Path("/proc/sys/net/ipv4")


@dataclass(frozen=True)
class PodNetwork:
    """A pod's address, and the thread that lives in its network namespace."""

    ip: str
    thread: NetworkThread
    interface: str

    def socket(self) -> socket.socket:
        """A TCP socket inside the pod's network."""
        return self.thread.run(_tcp_socket)


class Fabric:
    """The namespace in the middle. Raises NamespaceError when the host forbids what it needs."""

    def __init__(self) -> None:
        self._thread = NetworkThread("fabric")
        self._lock = threading.Lock()
        self._used: set[int] = set()
        self._next = 2
        self._addresses: set[str] = set()
        try:
            self._netlink = self._thread.run(_set_up_fabric)
        except (OSError, NetlinkError) as error:
            raise NamespaceError(
                f"Cannot set up a network in a namespace ({error}). In a container /proc/sys must be writable: "
                "start it with `--security-opt systempaths=unconfined`."
            ) from error

    def start_thread(self, thread: threading.Thread) -> None:
        """Start `thread` in the fabric's network: threads inherit the namespace of the thread that starts them."""
        self._thread.run(thread.start)

    def socket(self) -> socket.socket:
        """A TCP socket in the fabric, from where every pod and Service can be reached."""
        return self._thread.run(_tcp_socket)

    def add_pod(self, name: str) -> PodNetwork:
        """Make the network of a pod: an address of its own, and a way to the fabric. Raises NamespaceError."""
        number = self._take_number()
        network = PodNetwork(str(POD_NETWORK[number]), NetworkThread(name), f"pod{number}")
        try:
            self._thread.run(lambda: self._connect(network))
            network.thread.run(lambda: _set_up_pod(network.ip))
        except (OSError, NetlinkError) as error:
            self.remove_pod(network)
            raise NamespaceError(f"Cannot connect pod {name} to the network: {error}") from error
        return network

    def remove_pod(self, network: PodNetwork) -> None:
        """Take a pod's network away; its containers must have ended."""
        self._thread.run(lambda: self._disconnect(network))
        network.thread.close()
        with self._lock:
            self._used.discard(int(network.interface.removeprefix("pod")))

    def reserve(self) -> str:
        """An address that no other pod gets, with nothing behind it. Raises NamespaceError."""
        return str(POD_NETWORK[self._take_number()])

    def give_back(self, ip: str) -> None:
        """Let the address that `reserve` returned be given to others."""
        with self._lock:
            self._used.discard(int(IPv4Address(ip)) - int(POD_NETWORK.network_address))

    def set_addresses(self, addresses: set[str]) -> None:
        """Make the fabric answer on exactly `addresses`, beside its gateway address."""
        self._thread.run(lambda: self._change_addresses(addresses))

    def _take_number(self) -> int:
        with self._lock:
            # Counting on, so that an address is not soon given to another pod.
            for _unused in range(POD_NETWORK.num_addresses):
                number, self._next = self._next, self._next + 1
                if self._next >= POD_NETWORK.num_addresses - 1:
                    self._next = 2
                if number not in self._used:
                    self._used.add(number)
                    return number
        raise NamespaceError(f"All addresses of {POD_NETWORK} are in use.")

    def _connect(self, network: PodNetwork) -> None:
        peer = {"ifname": "eth0", "net_ns_fd": network.thread.descriptor}
        self._netlink.link("add", ifname=network.interface, kind="veth", peer=peer)
        index = self._netlink.link_lookup(ifname=network.interface)[0]
        self._netlink.link("set", index=index, state="up")
        self._netlink.route("add", dst=f"{network.ip}/32", oif=index)

    def _disconnect(self, network: PodNetwork) -> None:
        for index in self._netlink.link_lookup(ifname=network.interface):
            self._netlink.link("del", index=index)

    def _change_addresses(self, wanted: set[str]) -> None:
        for address in wanted - self._addresses:
            self._netlink.addr("replace", index=_LOOPBACK_INDEX, address=address, prefixlen=32)
            self._addresses.add(address)
        for address in self._addresses - wanted:
            self._netlink.addr("del", index=_LOOPBACK_INDEX, address=address, prefixlen=32)
            self._addresses.discard(address)


def _set_up_fabric() -> IPRoute:
    (_SYSCTL / "ip_forward").write_text("1", encoding="ascii")
    (_SYSCTL / "ip_unprivileged_port_start").write_text("0", encoding="ascii")
    # Pods learn at once, every time, that there is no way to an address; a limit would let some of them time out.
    (_SYSCTL / "icmp_ratelimit").write_text("0", encoding="ascii")
    netlink = IPRoute()
    netlink.link("set", index=_LOOPBACK_INDEX, state="up")
    netlink.addr("add", index=_LOOPBACK_INDEX, address=_GATEWAY, prefixlen=32)
    return netlink


def _set_up_pod(ip: str) -> None:
    # Container runtimes let any user of a pod bind any port.
    (_SYSCTL / "ip_unprivileged_port_start").write_text("0", encoding="ascii")
    with IPRoute() as netlink:
        netlink.link("set", index=_LOOPBACK_INDEX, state="up")
        index = netlink.link_lookup(ifname="eth0")[0]
        netlink.addr("add", index=index, address=ip, prefixlen=32)
        netlink.link("set", index=index, state="up")
        netlink.route("add", dst=f"{_GATEWAY}/32", oif=index, scope=_SCOPE_LINK)
        netlink.route("add", dst="default", gateway=_GATEWAY)


def _tcp_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
