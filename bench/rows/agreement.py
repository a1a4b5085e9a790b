"""What sockperf, perf and iperf3 measure, measured here as well (M28): one says the same as the other."""

from __future__ import annotations

__all__ = ["ROWS"]

from bench.agreement import AgreementRow
from bench.ours import Ran, Trial
from bench.peers import BLOCK_BYTES, iperf3, sched_pipe, sockperf_pingpong, sockperf_throughput

SIZE_BYTES = 64
LENGTH_BYTES = 4
"""What a message over TCP has before it; with it ours is as long a write as theirs."""

PIPE_BYTES = 4


def _round_trips_per_s(ran: Ran) -> float:
    return ran.result.round_trips * 1e9 / ran.result.window_ns


def _accepted_per_s(ran: Ran) -> float:
    return ran.send_rate_per_s


def _bytes_per_s(ran: Ran) -> float:
    return ran.result.bytes_on_wire * 1e9 / ran.result.window_ns


def _socket_rows(transport: str) -> tuple[AgreementRow, AgreementRow]:
    framed = SIZE_BYTES - (LENGTH_BYTES if transport == "tcp" else 0)
    at_once = (("nodelay", "1"),) if transport == "tcp" else ()
    return (
        AgreementRow(
            name=f"agreement/sockperf-{transport}-pingpong",
            unit="round trips/s",
            ours=Trial(transport, size_bytes=framed, pattern="pingpong", params=at_once),
            rate=_round_trips_per_s,
            peer=sockperf_pingpong(transport, SIZE_BYTES),
        ),
        AgreementRow(
            name=f"agreement/sockperf-{transport}-throughput",
            unit="messages/s",
            ours=Trial(transport, size_bytes=framed),
            rate=_accepted_per_s,
            peer=sockperf_throughput(transport, SIZE_BYTES),
            note="accepted messages by the sending window, which is what sockperf counts",
        ),
    )


def _pipe_row(placement: str) -> AgreementRow:
    return AgreementRow(
        name=f"agreement/perf-sched-pipe-{placement}",
        unit="round trips/s",
        ours=Trial("pipe", size_bytes=PIPE_BYTES, pattern="pingpong", placement=placement),
        rate=_round_trips_per_s,
        peer=sched_pipe(placement),
        note=""
        if placement == "same"
        else "neither is pinned: who runs where is the scheduler's choice, each time anew",
    )


ROWS = (
    *_socket_rows("tcp"),
    *_socket_rows("udp"),
    _pipe_row("same"),
    _pipe_row("free"),
    AgreementRow(
        name="agreement/iperf3-tcp",
        unit="bytes/s",
        ours=Trial("tcp", size_bytes=BLOCK_BYTES - LENGTH_BYTES, params=(("read_bytes", str(BLOCK_BYTES)),)),
        rate=_bytes_per_s,
        peer=iperf3(),
        note="ours writes and compares every byte, iperf3 sends the same block again and looks at none",
    ),
)
