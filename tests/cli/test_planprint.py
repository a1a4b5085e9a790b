"""Plans written from options: what they say, and that reading them back makes the same cases."""

from __future__ import annotations

import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queuemark.cli.asked import Asked
from queuemark.cli.planfile import PlanFile, read_plan_file
from queuemark.cli.planprint import plan_text
from queuemark.cli.prepare import Prepared, Request, prepare
from queuemark.model.errors import UsageError
from tests.examples import transports

from .conftest import Call

KNOWN = transports()


def lists(*words: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=3, unique=True).map(",".join)


def said(*words: str) -> st.SearchStrategy[str | None]:
    return st.none() | lists(*words)


AXES = {
    "transports": st.just("tcp") | lists(*KNOWN).map(lambda names: f"tcp,{names}"),
    "sizes": said("16", "1..64", "4k", "007", "64:70%,1k:30%", "9:0.5%, 8:99.5%"),
    "consumers": said("1", "2..8", "32"),
    "patterns": st.sampled_from([None, "share", "fanout,share", "pingpong,share"]),
    "dispatches": st.sampled_from([None, "deal,compete"]),
    "policies": said("each", "split", "buffer:4k", "vector", "vector:7"),
    "linger_us": said("0", "50"),
    "acks": said("fence"),
    "waits": said("block", "spin", "spin-then-block"),
    "placements": said("spread", "same", "free"),
    "links": said("10M", "1G/9000"),
    "payloads": st.sampled_from([None, "bytes", "bytes,pickle:dict"]),
    "rates": said("10k", "1M"),
    "in_flights": said("1", "8"),
    "stamp_every": st.sampled_from([None, "8"]),
    "warmup": st.none() | st.sampled_from(["0", "5ms"]),
    "verify": st.none() | st.sampled_from(["full", "sample:10"]),
    "params": st.dictionaries(st.sampled_from(["nodelay", "deal_items"]), lists("0", "1"), max_size=2).filter(
        lambda params: "0" not in params.get("deal_items", "").split(",")
    ),
}
AMOUNTS = st.sampled_from([{}, {"items": "1k"}, {"duration": "200ms"}, {"duration": "0.00005"}])
WHOLES = st.fixed_dictionaries(
    {"repeats": st.none() | st.just("7"), "seed": st.none() | st.just("42"), "inject": st.none() | st.just("flip")}
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    axes = {**draw(st.fixed_dictionaries(AXES)), **draw(AMOUNTS)}
    return Request(name=draw(st.sampled_from([None, "quick"])), asked=Asked(**axes), **draw(WHOLES))


def written_and_read(prepared: Prepared, directory: Path) -> Prepared:
    path = directory / "plan.toml"
    path.write_text(plan_text(prepared.words, {"sizes": "Bytes."}))
    return prepare(Request(name=str(path)), KNOWN)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests())
def test_a_written_plan_makes_the_same_cases(request: Request) -> None:
    prepared = prepare(request, KNOWN)
    with TemporaryDirectory() as directory:
        again = written_and_read(prepared, Path(directory))
    assert again.plan.cases == prepared.plan.cases
    assert (again.plan.repeats, again.plan.inject) == (prepared.plan.repeats, prepared.plan.inject)
    assert again.exclusions == prepared.exclusions
    assert again.stall_s == prepared.stall_s
    if request.seed is not None:
        assert again.plan.seed == prepared.plan.seed


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_is_read_back(text: str) -> None:
    plan = PlanFile(sweeps=(Asked(transports="tcp"),), messages=text)
    assert tomllib.loads(plan_text(plan, {}))["messages"] == text


def test_own_messages_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own, with a comma").write_text("a\nbc\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    prepared = prepare(Request(messages="own, with a comma"), KNOWN)
    again = written_and_read(prepared, tmp_path / "elsewhere")
    assert again.plan.cases == prepared.plan.cases
    assert again.plan.messages_path == prepared.plan.messages_path


def test_a_path_that_toml_cannot_hold() -> None:
    with pytest.raises(UsageError, match="cannot stand in a plan"):
        plan_text(PlanFile(sweeps=(Asked(),), messages="\udcff"), {})


def test_what_sweeps_have_in_common_stands_once(tmp_path: Path) -> None:
    sweeps = (
        Asked(transports="tcp", sizes="16,1k", params={"nodelay": "0,1"}),
        Asked(transports="pipe", sizes="16,1k"),
    )
    text = plan_text(PlanFile(sweeps=sweeps), {"sizes": "Bytes.", "waits": "How to wait."})
    assert text.count("sizes =") == 1
    assert text.index('# Bytes.\nsizes = [16, "1k"]') < text.index("[[sweep]]")
    assert "#   waits: How to wait." in text
    (tmp_path / "plan.toml").write_text(text)
    assert read_plan_file(tmp_path / "plan.toml", KNOWN).sweeps == sweeps


def test_a_mix_stands_as_one_value(tmp_path: Path) -> None:
    sweep = Asked(transports="tcp", sizes="16,64:70%,1k:25%,16k:5%,1..4")
    text = plan_text(PlanFile(sweeps=(sweep,)), {})
    assert 'sizes = [16, "64:70%,1k:25%,16k:5%", "1..4"]' in text
    (tmp_path / "plan.toml").write_text(text)
    assert read_plan_file(tmp_path / "plan.toml", KNOWN).sweeps == (sweep,)


def test_the_command_prints_and_runs_nothing(call: Call, data: Path, tmp_path: Path) -> None:
    answer = call("run", "quick", "--print-plan", "-t", "tcp,pipe", "--repeats", "4")
    assert (answer.code, answer.err) == (0, "")
    assert not data.exists()
    (tmp_path / "plan.toml").write_text(answer.out)
    again = call("run", str(tmp_path / "plan.toml"), "--print-plan")
    assert tomllib.loads(again.out) == tomllib.loads(answer.out)
    plan = tomllib.loads(answer.out)
    assert plan["repeats"] == 4
    said_keys = {key for table in (plan, *plan["sweep"]) for key in table} - {"sweep"}
    assert said_keys >= {"transports", "sizes", "consumers", "duration", "params"}
    for key in said_keys:
        lines = answer.out.splitlines()
        place = next(place for place, line in enumerate(lines) if line.startswith(f"{key} ="))
        assert lines[place - 1].startswith("# ")


def test_what_is_left_out_is_said_beside_the_plan(call: Call) -> None:
    answer = call("run", "--print-plan", "-t", "tcp,pipe", "--policy", "each,split")
    assert answer.code == 0
    assert "left out: 1 case of pipe: policy split is not possible here" in answer.err
    assert tomllib.loads(answer.out)["policies"] == ["each", "split"]


@pytest.mark.parametrize("option", [("--json", "-"), ("--resume",)])
def test_printing_a_plan_is_all_that_is_done(call: Call, option: tuple[str, ...]) -> None:
    assert call("run", "--print-plan", *option).code == 2


def test_structs_name_what_options_name() -> None:
    """The meanings are looked up by the names of the options."""
    from queuemark.cli.run import command

    names = {param.name for param in command.params}
    assert names >= {*Asked.__struct_fields__, *PlanFile.__struct_fields__} - {"sweeps"}
