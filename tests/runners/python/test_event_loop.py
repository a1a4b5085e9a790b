"""Roles in an event loop: they let others run where they wait, and every message is awaited once for each consumer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from queuemark.runners.python.ends import END
from queuemark.runners.python.event_loop import AsyncIn, AsyncOut, LoopHost
from queuemark.runners.python.shared import Gate
from queuemark.runners.python.stamping import now_ns


def kept(into: list[bytes]) -> Callable[[bytes], Awaitable[None]]:
    async def send(message: bytes) -> None:
        await asyncio.sleep(0)
        into.append(message)

    return send


def brought(messages: list[bytes]) -> Callable[[], Awaitable[bytes]]:
    left = iter(messages)

    async def receive() -> bytes:
        await asyncio.sleep(0)
        return next(left)

    return receive


def test_a_message_goes_to_its_stream() -> None:
    got: list[list[bytes]] = [[], []]
    out = AsyncOut([kept(each) for each in got], 4, all=False)
    asyncio.run(out.send(1, [b"a", b"bc"], 3))
    asyncio.run(out.end(2))
    assert got == [[END], [b"a", b"bc", END]]
    assert (out.calls, out.bytes) == (2, 3 + 2 * 4)


def test_a_fan_out_awaits_each_consumer() -> None:
    got: list[list[bytes]] = [[], []]
    out = AsyncOut([kept(each) for each in got], 4, all=True)
    asyncio.run(out.send(0, [b"a", b"bc"], 3))
    assert got == [[b"a", b"bc"]] * 2
    assert (out.calls, out.bytes) == (4, 2 * (3 + 2 * 4))


def test_a_channel_of_all_has_an_end_for_each() -> None:
    got: list[bytes] = []
    asyncio.run(AsyncOut([kept(got)], 0, all=False).end(3))
    assert got == [END] * 3


def test_a_batch_ends_with_the_stream() -> None:
    async def received() -> tuple[list[bytes], list[bytes], list[int], int]:
        end = AsyncIn(brought([b"a", b"b", b"c", END]))
        came_ns: list[int] = []
        first = await end.receive(2)
        rest = await end.receive_timed(2, came_ns)
        return first, rest, came_ns, end.calls

    first, rest, came_ns, calls = asyncio.run(received())
    assert (first, rest, len(came_ns), calls) == ([b"a", b"b"], [b"c"], 1, 4)


def test_others_run_while_one_waits_for_a_gate() -> None:
    async def waits_and_opens() -> list[str]:
        gate, host, order = Gate(), LoopHost(crowded=True), list[str]()

        async def waits(name: str) -> None:
            await host.through(gate)
            order.append(name)

        async def opens() -> None:
            order.append("opened")
            gate.open(2)

        await asyncio.gather(waits("one"), waits("two"), opens())
        return order

    order = asyncio.run(asyncio.wait_for(waits_and_opens(), 10))
    assert order[0] == "opened"
    assert sorted(order[1:]) == ["one", "two"]


def test_a_moment_is_not_before_its_time() -> None:
    async def waited() -> int:
        moment_ns = now_ns() + 2_000_000
        await LoopHost(crowded=False).until(moment_ns)
        return now_ns() - moment_ns

    assert asyncio.run(waited()) >= 0
