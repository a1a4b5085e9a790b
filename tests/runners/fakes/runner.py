"""A runner that moves nothing: it keeps the contract, or breaks it in the way that ``-P behave=`` names.

Only the standard library is used, so that it starts quickly; tests give it a first line that names their Python.
``list`` is broken in the way that FAKE_LIST names. FAKE_LOG names a file that gets one line for every trial.
FAKE_PROBES says what ``probe`` does: nothing (none), some figures (ok), or how it is broken.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

BEHAVIOURS = """
    ok slow refuse garbage binary half-line silent no-result two-results after-result no-ready two-ready early-tick
    other-run contract-9 unknown-field bad-exit failed failed-exit-0 unavailable killed crash hang hang-hard
    orphan flood chatter wrong-sum unconserved lossy duplicates short negative missing-consumer unchecked
    long-window early-end uneven undealt wrong-seed wrong-bytes quiet-fault made-fault shouting not-set-up system-error
""".split()  # noqa: SIM905
SENT = 1000


def transport(name, dispatch, policies, params=(), **facts):
    behave = {"name": "behave", "unit": "choice", "default": "ok", "choices": BEHAVIOURS, "help": "what to do"}
    known = {
        "lossless": True,
        "ordered": True,
        "boundaries": False,
        "copies": 2,
        "patterns": ["share", *(["fanout"] if dispatch == "deal" else []), "pingpong"],
        "dispatches": [dispatch],
        "policies": policies,
        "acks": ["fence"],
        "waits": ["block", "spin", "spin-then-block"],
        "max_size_bytes": 16777216,
    }
    return {
        "name": name,
        "runtime": "fake",
        "summary": f"{name}, pretended",
        "available": name != "absent",
        "reason": None if name != "absent" else "this kernel has no absent",
        "remedy": None if name != "absent" else "load the module absent",
        "facts": {**known, **facts},
        "params": [behave, *params],
    }


NODELAY = {"name": "nodelay", "unit": "flag", "default": 0, "help": "TCP_NODELAY"}
STREAM = ["each", "split", "buffer", "vector"]
LISTING = {
    "contract": 1,
    "runtime": "fake",
    "version": "0",
    "transports": [
        transport("tcp", "deal", STREAM, [NODELAY]),
        transport("unix-stream", "deal", STREAM),
        transport("pipe", "compete", ["each", "buffer", "vector"], whole_bytes=4096),
        transport("mq-posix", "compete", ["each"], boundaries=True, max_size_bytes=8192),
        transport("absent", "deal", ["each"]),
    ],
}


LIMIT_PER_S, LOSSLESS_PER_S, PROMPT_PER_S = 10_000, 6_000, 3_000
"""What transport udp sends at most; above which rate it loses a message; up to which it takes 10 us, above that 100."""

UDP = transport("udp", "deal", ["each"], boundaries=True, lossless=False, crosses_hosts=True)


def list_all():
    how = os.environ.get("FAKE_LIST", "ok")
    if how == "udp":
        LISTING["transports"].append(UDP)
        how = "ok"
    if how == "hang":
        time.sleep(60)
    if how == "garbage":
        print("transports: tcp")
    elif how == "contract-9":
        print(json.dumps({**LISTING, "contract": 9}))
    elif how == "fail":
        print("libfoo.so: cannot open shared object file", file=sys.stderr)
        return 127
    else:
        print(json.dumps(LISTING))
    return 0


def say(**event):
    print(json.dumps(event), flush=True)


def options(arguments):
    found = {"-P": {}}
    for name, value in zip(arguments[::2], arguments[1::2], strict=True):
        if name == "-P":
            key, _, text = value.partition("=")
            found["-P"][key] = text
        else:
            found[name] = value
    return found


def shares(sent, consumers, pattern):
    if pattern == "fanout":
        return [sent] * consumers
    return [sent // consumers + (index < sent % consumers) for index in range(consumers)]


def consumer(index, count, dealt, size, window_ns):
    return {
        "index": index,
        "cpus": [0],
        "dealt": count if dealt else None,
        "delivered": count,
        "lost": 0,
        "duplicated": 0,
        "reordered": 0,
        "corrupted": 0,
        "checked": count,
        "window_ns": window_ns,
        "calls": count,
        "bytes_received": count * (size + 4),
        "cpu_ns": 1000,
        "switches_voluntary": 1,
        "switches_involuntary": 0,
        "peak_memory_bytes": 4096,
    }


def result(asked, window_ns):
    sent = int(asked.get("--items", SENT))
    size, consumers = int(asked["--size"]), int(asked["--consumers"])
    dealt = asked["--dispatch"] == "deal"
    got = shares(sent, consumers, asked["--pattern"])
    delivered = sum(got)
    return {
        "event": "result",
        "contract": 1,
        "run_id": asked["--run-id"],
        "state": "ok",
        "seed": int(asked["--seed"]),
        "sent": sent,
        "delivered": delivered,
        "round_trips": sent if asked["--pattern"] == "pingpong" else 0,
        "checked": delivered,
        "calls": 2 * delivered,
        "cpu_ns": 2000,
        "bytes_on_wire": delivered * (size + 4),
        "message_bytes": delivered * size,
        "window_ns": window_ns,
        "send_window_ns": window_ns,
        "granted": {"sndbuf": 16384},
        "producer": {
            "cpus": [0],
            "sent": sent,
            "calls": delivered,
            "bytes_sent": delivered * (size + 4),
            "cpu_ns": 1000,
            "switches_voluntary": 1,
            "switches_involuntary": 0,
            "peak_memory_bytes": 4096,
        },
        "consumers": [consumer(index, count, dealt, size, window_ns) for index, count in enumerate(got)],
    }


def limited(asked, duration_s):
    """The result of a transport that takes so much and no more, loses above one rate and is slow above another."""
    rate_per_s = min(float(asked.get("--rate", LIMIT_PER_S)), LIMIT_PER_S)
    found = result({**asked, "--items": str(max(1, int(rate_per_s * duration_s)))}, int(duration_s * 1e9))
    sent = found["sent"]
    time_ns = 10_000 if rate_per_s <= PROMPT_PER_S else 100_000
    index = (time_ns.bit_length() - 11 + 1) * 1024 + (time_ns >> (time_ns.bit_length() - 11)) - 1024
    times = {"samples": sent, "min_ns": time_ns, "max_ns": time_ns, "sum_ns": sent * time_ns, "buckets": [index, sent]}
    found["latency"] = {"kind": "one-way", "every": 1, "histogram": times}
    if rate_per_s > LOSSLESS_PER_S:
        spoilt("lossy", found, asked)
    return found


def hang():
    while True:
        signal.pause()


def before_ready(behave):
    """What some do instead of a trial; an exit code, or None to go on."""
    if behave == "refuse":
        print("a pipe of packets cannot do policy buffer; it offers each", file=sys.stderr)
        return 2
    if behave == "silent":
        return 0
    if behave == "garbage":
        print("Starting the benchmark...", flush=True)
        hang()
    if behave == "binary":
        os.write(1, b"\xff\xfe\x00\x01\n")
        hang()
    if behave == "half-line":
        os.write(1, b'{"event":"rea')
        return 0
    if behave == "hang":
        hang()
    if behave == "hang-hard":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        hang()
    if behave == "crash":
        os.abort()
    if behave == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if behave == "flood":
        while True:
            os.write(1, b"x" * 65536)
    if behave == "orphan":
        subprocess.Popen([sys.executable, "-IS", "-c", "import signal; signal.pause()"], process_group=None)
    if behave == "chatter":
        sys.stderr.write("noise\n" * 20000 + "the last word\n")
        return 1
    return None


def spoilt(behave, found, asked):
    """The result of a trial, made wrong in one place; and the exit code."""
    code = 0
    if behave == "failed":
        found.update(state="failed", reason="3 messages were lost on consumer 0", lost=3, delivered=found["sent"] - 3)
        code = 4
    elif behave in ("not-set-up", "system-error"):
        found.update({name: 0 for name, value in found.items() if isinstance(value, int) and name != "contract"})
        found.update(state="failed", reason="open a pipe: Too many open files", producer=None, consumers=[])
        found.update(remedy="raise the limit of open files (ulimit -n)" if behave == "not-set-up" else None)
        code = 1
    elif behave == "failed-exit-0":
        found.update(state="failed", reason="3 messages were lost")
    elif behave == "unavailable":
        found.update(state="unavailable", reason="no buffers left", remedy="wait a little")
        code = 3
    elif behave == "bad-exit":
        code = 4
    elif behave == "other-run":
        found["run_id"] = "another"
    elif behave == "unknown-field":
        found["surprise"] = 1
    elif behave == "wrong-sum":
        found["consumers"][0]["delivered"] -= 1
    elif behave == "unconserved":
        found["sent"] += 1
        found["producer"]["sent"] += 1
    elif behave == "lossy":
        found["delivered"] -= 1
        found["lost"] = 1
        found["message_bytes"] -= int(asked["--size"])
        found["checked"] -= 1
        found["consumers"][0].update(
            delivered=found["consumers"][0]["delivered"] - 1, lost=1, checked=found["consumers"][0]["checked"] - 1
        )
    elif behave == "duplicates":
        found["duplicated"] = found["consumers"][0]["duplicated"] = 2
    elif behave == "uneven":
        for each, more in zip(found["consumers"], (-1, 1), strict=False):
            each.update({name: each[name] + more for name in ("dealt", "delivered", "checked")})
    elif behave == "undealt":
        found["consumers"][0]["dealt"] = None
    elif behave == "negative":
        found["calls"] = -1
    elif behave == "missing-consumer":
        found["consumers"].pop()
    elif behave == "unchecked":
        found["checked"] = 0
        for each in found["consumers"]:
            each["checked"] = 0
    elif behave == "long-window":
        found["window_ns"] = 3600 * 10**9
    elif behave == "early-end":
        found["window_ns"] = 1000
        for each in found["consumers"]:
            each["window_ns"] = 1000
    elif behave == "wrong-seed":
        found["seed"] += 1
    elif behave == "wrong-bytes":
        found["message_bytes"] += 1
    elif behave == "made-fault":
        found["injected"] = {"fault": "flip", "consumer": 0, "message": 7}
    return code


def trial(arguments):
    asked = options(arguments[1:])
    behave = asked["-P"].get("behave", "ok")
    if log := os.environ.get("FAKE_LOG"):
        with Path(log).open("a") as file:
            print(json.dumps([arguments[0], asked, os.getpid()]), file=file)
    code = before_ready(behave)
    if code is not None:
        return code
    if behave == "slow":
        time.sleep(0.15)
    contract = 9 if behave == "contract-9" else 1
    ready = {"contract": contract, "run_id": asked["--run-id"], "producer_pid": 1, "consumer_pids": [2], "granted": {}}
    if behave == "early-tick":
        say(event="tick", elapsed_ns=1, sent=1, delivered=1)
    if behave != "no-ready":
        say(event="ready", **ready)
    if behave == "two-ready":
        say(event="ready", **ready)
    say(event="tick", elapsed_ns=1_000_000, sent=10, delivered=9)
    if behave == "no-result":
        return 0
    duration_s = float(asked.get("--duration", 0.002))
    time.sleep(duration_s)
    found = limited(asked, duration_s) if arguments[0] == "udp" else result(asked, int(duration_s * 1e9))
    if behave == "short":
        found = result({**asked, "--items": int(asked.get("--items", SENT)) - 1}, found["window_ns"])
    code = spoilt(behave, found, asked)
    if asked.get("--inject") and behave not in ("quiet-fault", "ok"):
        found["injected"] = {"fault": asked["--inject"], "consumer": 0, "message": 7}
    elif asked.get("--inject") and behave == "ok":
        found.update(state="failed", reason="1 message was corrupted", corrupted=1)
        found["injected"] = {"fault": asked["--inject"], "consumer": 0, "message": 7}
        code = 4
    say(**found)
    if behave == "two-results":
        say(**found)
    if behave == "after-result":
        print("Done.", flush=True)
    if behave == "shouting":
        print("bye", file=sys.stderr)
    return code


def probe():
    how = os.environ.get("FAKE_PROBES", "none")
    if how == "none":
        print("unknown verb 'probe'", file=sys.stderr)
        return 2
    if how == "hang":
        hang()
    if how == "garbage":
        print("probing ...")
        return 0
    figure = {"event": "probe", "unit": "ns", "low": 1.5, "high": 2.5, "samples": 7, "reason": None}
    say(**figure, name="syscall", params={}, value=2.0)
    say(**{**figure, "unit": "bytes_per_s"}, name="copy", params={"bytes": 4096, "cores": "one"}, value=1e10)
    missing = {**figure, "low": None, "high": None, "samples": 0, "reason": "it takes two cpus"}
    say(**missing, name="cache-line", params={}, value=None)
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "list":
        sys.exit(list_all())
    if sys.argv[1] == "probe":
        sys.exit(probe())
    sys.exit(trial(sys.argv[2:]))
