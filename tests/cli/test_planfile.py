"""Plans in files: what they say, and one clear line for what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuemark.cli.planfile import PlanFile, read_plan_file
from queuemark.model.errors import UsageError
from tests.examples import transports


def read(directory: Path, text: str) -> PlanFile:
    path = directory / "plan.toml"
    path.write_text(text)
    return read_plan_file(path, transports())


def refusal(directory: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(directory, text)
    message = str(caught.value)
    assert str(directory / "plan.toml") in message
    assert "\n" not in message
    return message


def test_one_sweep(tmp_path: Path) -> None:
    plan = read(
        tmp_path,
        """
        transports = ["tcp", "pipe"]
        sizes = ["1..4096", "10k"]
        consumers = [1, 4]
        duration = 0.00005
        repeats = 7
        seed = 42
        params = { nodelay = [false, true], deal_items = 1000 }
        """,
    )
    (sweep,) = plan.sweeps
    assert (sweep.transports, sweep.sizes, sweep.consumers) == ("tcp,pipe", "1..4096,10k", "1,4")
    assert sweep.duration == "0.00005"
    assert sweep.params == {"nodelay": "0,1", "deal_items": "1000"}
    assert (plan.repeats, plan.seed) == ("7", "42")


def test_sweeps_share_what_stands_above_them(tmp_path: Path) -> None:
    plan = read(
        tmp_path,
        """
        sizes = 16
        duration = "1s"
        params = { nodelay = 1 }
        [[sweep]]
        transports = "tcp"
        items = 1000
        [[sweep]]
        transports = "pipe"
        sizes = "32"
        params = { pipe_bytes = "64k" }
        """,
    )
    first, second = plan.sweeps
    assert (first.sizes, first.items, first.duration) == ("16", "1000", None)
    assert (second.sizes, second.items, second.duration) == ("32", None, "1s")
    assert second.params == {"nodelay": "1", "pipe_bytes": "64k"}


def test_sizes_and_mixes_of_them_stand_in_one_list(tmp_path: Path) -> None:
    (sweep,) = read(tmp_path, 'sizes = ["64:70%,1k:25%,16k:5%", "1..4096", 7, "8:50%,9:50%"]').sweeps
    assert sweep.sizes == "64:70%,1k:25%,16k:5%,1..4096,7,8:50%,9:50%"


def test_a_plan_without_sweeps_is_one_sweep(tmp_path: Path) -> None:
    assert len(read(tmp_path, "repeats = 2").sweeps) == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("sizes = [1, 2\nconsumers = 3", "is not TOML: line 2, column 1: Unclosed array"),
        ("sizes = 1\n\nsizes = 2\n\n", "is not TOML: line 3, column 10: Cannot overwrite a value"),
        ("sizes = 1\n\nsizes = 2", "is not TOML: line 3: Cannot overwrite a value"),
        ("sizes = [1,", "is not TOML: line 1: "),
        ("patterns = ['share',\n 'fanuot']", "line 1: patterns: unknown pattern 'fanuot'; did you mean 'fanout'?"),
        ("\npolicies = 'vector:0'", "line 2: policies: policy 'vector:0': one call takes 1 to 1024 messages"),
        ("waits = 'spin-then-blok'", "line 1: waits: unknown wait 'spin-then-blok'; did you mean 'spin-then-block'?"),
        ("dispatches = 'dael'", "line 1: dispatches: unknown dispatch 'dael'; did you mean 'deal'?"),
        ("acks = 'fenc'", "line 1: acks: unknown ack 'fenc'; did you mean 'fence'?"),
        ("placements = 'far'", "line 1: placements: unknown placement 'far'"),
        ("inject = 'flop'", "line 1: inject: unknown fault 'flop'; did you mean 'flip'?"),
        ("stall = 'x'", "line 1: stall: stall 'x' is not a duration"),
        ("messages = 'x'\nmessages_format = 'u31'", "line 2: messages_format: unknown messages format 'u31'"),
        ("messages = 'x'\n\nsizes = 8", "line 3: own messages have their own sizes"),
        ("messages = 'x'\n[[sweep]]\n[[sweep]]\nsizes = 8", "line 4: sweep 2: own messages have their own sizes"),
        ("size = 1", "unknown key 'size'; did you mean 'sizes'?"),
        ("[[sweep]]\n[[sweep]]\ntransport = 'tcp'", "sweep 2: unknown key 'transport'; did you mean 'transports'?"),
        ("[[sweep]]\nrepeats = 3", "sweep 1: unknown key 'repeats'"),
        ("[sweep]\nsizes = 1", "sweep is not a list of tables"),
        ("sizes = true", "sizes is true or false"),
        ("sizes = { low = 1 }", "sizes is a table"),
        ("sizes = [[1, 2]]", "sizes is a list within a list"),
        ("sizes = []", "sizes is an empty list"),
        ("items = 2024-01-01", "items is a date or time"),
        ("params = 3", "params is not a table"),
        ("params = { nodelay = { a = 1 } }", "params.nodelay is a table"),
        ("repeats = [[1]]", "repeats is a list within a list"),
        ("\n# a comment\nsizes = '12q'", "line 3: sizes: size '12q': unknown unit"),
        ("repeats = 3\nseed = 'x'", "line 2: seed: seed 'x' is not a whole number"),
        ("items = 1\n\nduration = 1", "line 3: items and duration exclude each other"),
        ("transports = 'tpc'", "line 1: transports: unknown transport 'tpc'; did you mean 'tcp'?"),
        ("[[sweep]]\nsizes = [\n 1,\n 2\n]\nwaits = 'blok'", "line 6: sweep 1: waits: unknown wait 'blok'"),
        ("[[sweep]]\n[[sweep]]\n[sweep.params]\nnodelai = 1", "line 4: sweep 2: no parameter 'nodelai'"),
        ("\nsizes = '64:70%,1k:25%'", "line 2: sizes: mix '64:70%,1k:25%': the shares add up to 95 %"),
        (
            "sizes = ['64:70%,1k:30%', '1..4096', '4:50%,8:50%']",
            "line 1: sizes: mix '4:50%,8:50%': a message of 4 bytes",
        ),
        ("transports = 'tcp'\nparams.nodelay = 2", "line 2: parameter nodelay: '2' is neither 0 nor 1"),
        ('messages = """\nsize = 1\n"""\r\nsize = 1', "line 4: unknown key 'size'"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, named: str) -> None:
    assert named in refusal(tmp_path, text)


def test_a_missing_plan(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file or directory"):
        read_plan_file(tmp_path / "gone.toml", {})


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_bytes(b'sizes = "\xff"')
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_plan_file(tmp_path / "plan.toml", {})


@pytest.mark.parametrize("text", ["", "# all of it is a comment\n"])
def test_a_plan_that_says_nothing_is_not_a_plan_of_everything(tmp_path: Path, text: str) -> None:
    assert "is empty; name what to measure" in refusal(tmp_path, text)
