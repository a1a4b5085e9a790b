"""``queuemark compare`` as it is called from a shell."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from queuemark.model.session import decode_session, encode_session
from queuemark.store import Store
from tests.analysis.sessions import drawn_session
from tests.examples import case, trial

from .conftest import Call

GOLDEN = str(Path(__file__).parents[1] / "golden" / "session.json")

CASES = [case("tcp"), case("pipe")]


def write(path: Path, seed: int, factor: float = 1.0, *, nodelay: int = 0, release: str | None = None) -> str:
    """A session file of two cases whose rates vary by 2 %, all of them multiplied by a factor."""
    draw = np.random.default_rng(seed)
    of = [case("tcp", params={"nodelay": nodelay}), case("pipe")]
    made = drawn_session(draw, of, sds=np.array([0.02, 0.02]))
    for result in made.cases:
        counts = [round(120_000 * factor * (each.rate_per_s or 0) / 1e6) for each in result.trials]
        result.trials = [
            msgspec.convert(msgspec.to_builtins(trial(result.case, repeat, delivered=count)), type(result.trials[0]))
            for repeat, count in enumerate(counts)
        ]
    if release is not None:
        made.session.machine = msgspec.structs.replace(made.session.machine, release=release)
    path.write_bytes(encode_session(made))
    return str(path)


@pytest.fixture
def same(tmp_path: Path) -> tuple[str, str]:
    return write(tmp_path / "a.json", 1), write(tmp_path / "b.json", 2)


@pytest.fixture
def slower(tmp_path: Path) -> tuple[str, str]:
    return write(tmp_path / "a.json", 1), write(tmp_path / "b.json", 2, 0.7)


def test_where_nothing_differs_nothing_is_said_to(call: Call, same: tuple[str, str]) -> None:
    answer = call("compare", *same, "--fail-on-regression", "1%")
    assert (answer.code, answer.err) == (0, "")
    assert "of 2 comparisons: 0 slower, 0 faster, 2 undecided" in answer.out
    assert f"again: queuemark compare {' '.join(same)} --fail-on-regression 1%" in " ".join(answer.out.split())
    assert "several a side say more" in answer.out


def test_a_regression_ends_with_10_and_names_its_cases(call: Call, slower: tuple[str, str]) -> None:
    assert call("compare", *slower).code == 0
    answer = call("compare", *slower, "--fail-on-regression", "5%")
    assert answer.code == 10
    lines = answer.err.splitlines()
    assert [line.split(" (")[0] for line in lines[:2]] == [
        "queuemark: slower: tcp 64 B to 1, each",
        "queuemark: slower: pipe 64 B to 1, each",
    ]
    assert lines[2].startswith("queuemark: 2 of 2 comparisons: B is slower than A by more than 5 % beyond doubt")
    assert "2 slower, 0 faster, 0 undecided" in answer.out


@pytest.mark.parametrize("failed", [1, 5])
def test_m01_what_is_not_proved_any_more_is_a_regression(call: Call, same: tuple[str, str], failed: int) -> None:
    path = Path(same[1])
    made = decode_session(path.read_bytes())
    for spoilt in made.cases[0].trials[:failed]:
        spoilt.state, spoilt.reason = "failed", "2 messages were lost"
    count = len(made.cases[0].trials)
    path.write_bytes(encode_session(made))
    assert call("compare", *same).code == 0
    assert call("compare", *reversed(same), "--fail-on-regression", "50%").code == 0
    answer = call("compare", *same, "--fail-on-regression", "50%")
    assert answer.code == 10
    first, last = answer.err.splitlines()
    assert first.startswith("queuemark: not proved: tcp 64 B to 1, each (")
    assert first.endswith(f"{failed} of {count} trials of B failed, and none of A: 2 messages were lost")
    assert last == "queuemark: 1 case with failed trials in B and none in A, see above"


def test_no_escape_sequence_of_a_file_is_in_what_is_complained_of(call: Call, same: tuple[str, str]) -> None:
    path = Path(same[1])
    made = decode_session(path.read_bytes())
    for spoilt in made.cases[0].trials:
        spoilt.state, spoilt.reason = "failed", "\x1b]0;title\x07"
    path.write_bytes(encode_session(made))
    answers = [
        call("compare", *same, "--fail-on-regression", "50%"),
        call("show", same[1], "--assert", "rate>1"),
        call("show", same[1], "--only", "\x1b[31m"),
    ]
    assert [answer.code for answer in answers] == [10, 10, 2]
    assert not any(character in answer.err for answer in answers for character in "\x1b\x07")


def test_what_is_faster_is_no_regression(call: Call, slower: tuple[str, str]) -> None:
    answer = call("compare", *reversed(slower), "--fail-on-regression", "5%")
    assert answer.code == 0
    assert "0 slower, 2 faster" in answer.out


def test_the_comparison_as_json(call: Call, slower: tuple[str, str], tmp_path: Path) -> None:
    told = call("compare", *slower, "--json", "-").json
    assert told["schema"] == 1
    assert [len(told[side]) for side in "ab"] == [1, 1]
    first = told["compared"][0]
    assert (first["case"]["transport"], first["verdict"], first["figure"]) == ("tcp", "slower", "rate_per_s")
    assert first["low"] < first["ratio"] < first["high"] < 1
    assert len(first["key"]) == 16
    assert told["rate_ratio"] == pytest.approx(0.7, rel=0.1)
    target = tmp_path / "out.json"
    assert "Is B faster" in call("compare", *slower, "--json", str(target)).out
    assert msgspec.json.decode(target.read_bytes())["schema"] == 1


def test_several_sessions_a_side(call: Call, tmp_path: Path) -> None:
    a = ",".join(write(tmp_path / f"a{n}.json", n) for n in range(3))
    b = ",".join(write(tmp_path / f"b{n}.json", 10 + n, 0.7) for n in range(3))
    answer = call("compare", a, b)
    assert "of 2 comparisons: 2 slower" in answer.out
    assert "several a side say more" not in answer.out


def test_stored_sessions_are_named_as_everywhere(call: Call, data: Path) -> None:
    of = CASES[0]
    with Store.open(data) as store:
        for number in (1, 2):
            made = drawn_session(np.random.default_rng(number), [of]).session
            made.id = str(number) * 32
            made.created_at = f"2026-03-0{number}T12:00:00Z"
            store.begin(made)
            for repeat in range(5):
                store.add_trial(made.id, of, trial(of, repeat))
            store.finish(made.id, "complete")
    answer = call("compare", "11", "last")
    assert answer.code == 0
    assert "A: session 111111111111" in answer.out
    assert "B: session 222222222222" in answer.out


def test_other_machines_and_meanings_are_refused(call: Call, tmp_path: Path) -> None:
    a = write(tmp_path / "a.json", 1)
    for changed in ({"nodelay": 1}, {"release": "6.2.0"}):
        b = write(tmp_path / "b.json", 2, **changed)
        refused = call("compare", a, b)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.count("\n") == 1
        assert "--across" in refused.err
        assert call("compare", a, b, "--across").code == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        (GOLDEN,),
        (GOLDEN, "nothing.json"),
        (GOLDEN, "f00d"),
        (f"{GOLDEN},", GOLDEN),
        (f"{GOLDEN},{GOLDEN}", GOLDEN),
        (GOLDEN, GOLDEN, "--fail-on-regression", "5"),
        (GOLDEN, GOLDEN, "--fail-on-regression", "0%"),
        (GOLDEN, GOLDEN, "--fail-on-regression", "100%"),
        (GOLDEN, GOLDEN, "--fail-on-regression", ""),
        (GOLDEN, __file__),
    ],
)
def test_what_makes_no_sense_is_answered_in_one_line(call: Call, words: tuple[str, ...]) -> None:
    answer = call("compare", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize("form", ["csv", "markdown"])
def test_other_forms(call: Call, same: tuple[str, str], form: str) -> None:
    answer = call("compare", *same, "--format", form)
    assert answer.code == 0
    assert ("key,name,size,consumers,policy," in answer.out) == (form == "csv")


def test_demands_are_made_of_b(call: Call, slower: tuple[str, str]) -> None:
    answer = call("compare", *slower, "--assert", "rate>500k")
    assert answer.code == 10
    assert [line.split(": ")[:3] for line in answer.err.splitlines()[:-1]] == [
        ["queuemark", "unmet", "rate>500k"],
        ["queuemark", "unmet", "rate>500k"],
    ]
    assert answer.last_line == "queuemark: 2 of 2 demands are unmet, see above"
    assert call("compare", *reversed(slower), "--assert", "rate>500k").code == 0
    assert call("compare", *slower, "--assert", "rate>").code == 2


def test_several_sessions_are_compared_with_the_first_and_drawn(call: Call, tmp_path: Path) -> None:
    names = [write(tmp_path / f"{seed}.json", seed, factor) for seed, factor in ((1, 1.0), (2, 0.5), (3, 1.0))]
    picture = tmp_path / "forest.svg"
    answer = call("compare", *names, "--chart", str(picture))
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("How do these sessions compare with the first?")
    assert "C / A" in answer.out
    assert "How do these sessions compare with the first?" in picture.read_text()


def test_two_sides_have_a_picture_too(call: Call, slower: tuple[str, str], tmp_path: Path) -> None:
    picture = tmp_path / "forest.json"
    assert call("compare", *slower, "--chart", str(picture)).out == call("compare", *slower).out
    assert '"verdict": "slower"' in picture.read_text()


def test_of_more_than_two_nothing_is_demanded_and_none_has_sides(call: Call, tmp_path: Path) -> None:
    a, b, c = (write(tmp_path / f"{seed}.json", seed) for seed in (1, 2, 3))
    other = write(tmp_path / "4.json", 4, release="5.0")
    for words, said in [
        ((a, b, c, "--json", "-"), "are of two sides; leave out C"),
        ((a, b, c, "--assert", "rate>1"), "are of two sides; leave out C"),
        ((f"{a},{b}", c, other), "several sessions a side make two sides"),
        ((a, b, other), "unlike machines"),
        ((a, b, a), "named twice"),
        ((a, b, c, a, b, c, a), "7 sessions cannot be compared; name 2 to 6"),
        ((a, b, "--chart", "a.gif"), "a chart is written as .svg, .png, .json"),
    ]:
        answer = call("compare", *words)
        assert (answer.code, answer.out) == (2, "")
        assert said in answer.last_line
    assert call("compare", a, b, other, "--across").code == 0
