"""A link on one machine: two network namespaces joined by a pair of virtual interfaces that are shaped to a rate.

1. What leaves an interface is counted as whole frames, those of queuemark.model.link: the shaper adds the preamble, the
   check sequence and the gap to each packet, and no offload hands it several packets as one.
2. A sender is never dropped by the shaper: its queue holds more than the buffers of all sockets, so who sends faster
   than the link waits for room in the own socket's buffer, with UDP, too.
3. Namespaces have no names and no processes: this process holds them open. However it ends, the kernel takes them
   away, and with them interfaces, addresses and shapers.
4. Without the right to make namespaces one's own user namespace is tried; what is missing is said with a remedy.

Sources: namespaces(7), veth(4), tc-tbf(8), tc-stab(8). 192.0.2.0/24 is for documentation (RFC 5737): nobody's.
"""

from __future__ import annotations

__all__ = ["LinkUnavailable", "Links", "ShapedLink"]

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from queuemark.model.link import ETHERNET_BYTES, Link, link_text
from queuemark.runners.contract import Ends

_ADDRESSES = ("192.0.2.1", "192.0.2.2")
_DEVICES = ("qm-producer", "qm-consumer")

_BURST_S = 0.002
"""What may leave at once after a pause. Shorter than a delay of the kernel's timer, it would be lost for good."""

_UNAIDED = ("gso_max_segs", "1", "addrgenmode", "none")
"""TCP hands down one segment at a time: several together would pass the shaper as one frame, and with the offload
merely switched off they would be taken apart behind it. And no address of IPv6, which would speak by itself."""

_QUEUE_BYTES = 64 * 1024 * 1024
_MTU_HIGH_BYTES = 16_000
"""A table of exact frame sizes is one attribute of a message to the kernel, at most 64 KiB (tc-stab(8))."""

_TIMEOUT_S = 10.0

_PRIVILEGE = (
    "run as root, or allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0)"
)
_PACKAGES = {"unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2", "tc": "iproute2"}


class LinkUnavailable(Exception):
    """No such link can be made here: the reason, and what to do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


class Links:
    """The links of one execution, each made when it is first needed and kept; a context manager that ends them."""

    def __init__(self) -> None:
        self._made: dict[Link, ShapedLink] = {}
        self._refused: dict[Link, LinkUnavailable] = {}

    def opened(self, link: Link) -> ShapedLink:
        """Raises: LinkUnavailable, each time anew for what was tried once."""
        if link in self._refused:
            refused = self._refused[link]
            raise LinkUnavailable(str(refused), refused.remedy)
        if link not in self._made:
            try:
                self._made[link] = ShapedLink(link)
            except LinkUnavailable as error:
                self._refused[link] = error
                raise
        return self._made[link]

    def __enter__(self) -> Links:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for made in self._made.values():
            made.close()


class ShapedLink:
    """One link, ready to carry. before: the command that runs another one at the producer's side.

    ends: where a runner that is run so finds both sides.
    """

    def __init__(self, link: Link) -> None:
        """Raises: LinkUnavailable."""
        _check(link)
        self._tools = {name: _found(name) for name in ("unshare", "nsenter", "ip", "tc")}
        self._open: list[int] = []
        try:
            self._user, self._sides = self._namespaces()
            self._join(link)
        except BaseException:
            self.close()
            raise
        self.before = self._inside(self._sides[0])
        self.ends = Ends(
            producer_address=_ADDRESSES[0], consumer_address=_ADDRESSES[1], consumer_netns=_path(self._sides[1])
        )

    def close(self) -> None:
        """The namespaces are no longer held here; they end with the last process in them."""
        while self._open:
            os.close(self._open.pop())

    def tell(self, side: int, *words: str) -> str:
        """What a command says that runs at a side, 0 the producer's, 1 the consumers'.

        Raises: LinkUnavailable when it fails.
        """
        return self._said((*self._inside(self._sides[side]), self._tools.get(words[0], words[0]), *words[1:]))

    def _namespaces(self) -> tuple[int | None, tuple[int, int]]:
        """The user namespace, None where ours is enough, and the two sides."""
        self._user = None
        try:
            return None, (self._namespace("--net")["net"], self._namespace("--net")["net"])
        except LinkUnavailable:
            # Who may not make a network namespace may perhaps be somebody who may.
            held = self._namespace("--user", "--map-root-user", "--net")
        self._user = held["user"]
        return self._user, (held["net"], self._namespace("--net")["net"])

    def _namespace(self, *kinds: str) -> dict[str, int]:
        """New namespaces, made by a process that ends as soon as they are held here."""
        waits = ("sh", "-c", "echo made && exec cat")
        inside = self._inside(None) if self._user is not None else ()
        maker = subprocess.Popen(
            (*inside, self._tools["unshare"], *kinds, *waits),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            close_fds=False,
        )
        with maker:
            assert maker.stdout is not None
            assert maker.stderr is not None
            if not maker.stdout.readline():
                said = maker.stderr.read().decode("utf-8", "replace").strip()
                raise LinkUnavailable(f"no network namespace can be made here: {said}", _PRIVILEGE)
            return {kind: self._held(maker.pid, kind) for kind in ("net", "user") if f"--{kind}" in kinds}

    def _held(self, pid: int, kind: str) -> int:
        number = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
        self._open.append(number)
        # Whoever is started to work in it finds it under the same number.
        os.set_inheritable(number, True)
        return number

    def _inside(self, side: int | None) -> tuple[str, ...]:
        words = [self._tools["nsenter"]]
        if self._user is not None:
            words += [f"--user={_path(self._user)}", "--preserve-credentials"]
        if side is not None:
            words.append(f"--net={_path(side)}")
        return (*words, "--")

    def _join(self, link: Link) -> None:
        near, far = _DEVICES
        peer = ("peer", "name", far, "netns", _path(self._sides[1]))
        self.tell(0, "ip", "link", "add", near, "type", "veth", *peer)
        for side, (device, address) in enumerate(zip(_DEVICES, _ADDRESSES, strict=True)):
            self.tell(side, "ip", "link", "set", "lo", "up")
            self.tell(side, "ip", "address", "add", f"{address}/30", "dev", device)
            self.tell(side, "tc", "qdisc", "add", "dev", device, "root", *_shaper(link))
            self.tell(side, "ip", "link", "set", device, "mtu", str(link.mtu_bytes), *_UNAIDED, "up")

    def _said(self, command: Sequence[str]) -> str:
        try:
            ended = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, close_fds=False, timeout=_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LinkUnavailable(f"a link cannot be made: {error}", _PRIVILEGE) from error
        if ended.returncode != 0:
            tried = " ".join(command[command.index("--") + 1 :])
            said = " ".join(ended.stderr.decode("utf-8", "replace").split())
            raise LinkUnavailable(
                f"a link cannot be made: '{tried}' said: {said or ended.returncode}",
                "the kernel may lack veth or sch_tbf (modprobe veth sch_tbf)",
            )
        return ended.stdout.decode("utf-8", "replace")


def _check(link: Link) -> None:
    if link.mtu_bytes > _MTU_HIGH_BYTES or link.ip != 4:
        raise LinkUnavailable(
            f"a link of {link_text(link)} is not made here", f"take IPv4 and an mtu of at most {_MTU_HIGH_BYTES}"
        )


def _found(name: str) -> str:
    # Where only root looks by default, everybody may run what changes one's own namespaces.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        package = _PACKAGES.get(name, name)
        raise LinkUnavailable(f"a link needs {name}, which is not here", f"install it: apt-get install {package}")
    return found


def _path(number: int) -> str:
    return str(Path("/proc/self/fd") / str(number))


def _shaper(link: Link) -> list[str]:
    """The words behind ``tc qdisc add dev DEVICE root``: whole frames are counted, by a table without rounding."""
    whole_bytes = link.wire_bytes(link.mtu_bytes)
    overhead_bytes = whole_bytes - link.mtu_bytes - ETHERNET_BYTES
    sizes = 1 << whole_bytes.bit_length()
    burst_bytes = max(2 * whole_bytes, round(link.bits_per_s / 8 * _BURST_S))
    counted = f"overhead {overhead_bytes} mpu {link.wire_bytes(0)} mtu {sizes - 1} tsize {sizes} linklayer ethernet"
    shaped = f"rate {link.bits_per_s}bit burst {burst_bytes} limit {_QUEUE_BYTES}"
    return f"stab {counted} tbf {shaped}".split()
