"""Which mechanism moves the most messages: what a line says, and what it must not say."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from queuemark.analysis.estimates import with_estimates
from queuemark.model.broker import BrokerUse
from queuemark.model.link import parse_link
from queuemark.model.mix import parse_sizes
from queuemark.model.plan import Case
from queuemark.model.trial import Trial
from queuemark.model.workload import MessagesSource
from queuemark.views.ending import BEYOND_LINK, UNCONFIRMED, UNPROVED, UNRECEIVED
from queuemark.views.offered import offered_tables
from queuemark.views.rates import rates_table, rates_text
from queuemark.views.render import csv_text
from tests.examples import case, document, said_trial, trial


def lines(*results: tuple[Case, list[Trial]]) -> list[dict[str, Any]]:
    table = rates_table(with_estimates(document(*results)), wide=True, alone=True)
    return [dict(zip((column.name for column in table.columns), row, strict=True)) for row in table.rows]


def three(of: Case, **changed: Any) -> tuple[Case, list[Trial]]:
    return of, [trial(of, repeat, **changed) for repeat in range(3)]


def unavailable(of: Case) -> tuple[Case, list[Trial]]:
    said = {"reason": "no mqueue here", "remedy": "mount one"}
    return of, [Trial(state="unavailable", repeat=repeat, **said) for repeat in range(3)]


def test_a_line_has_the_rate_its_interval_and_the_cost() -> None:
    (line,) = lines(three(case("tcp", size_bytes=100, consumers=4)))
    assert (line["rate_low_per_s"], line["rate_high_per_s"]) == (120_000e9 / 202e6, 600_000)
    assert line["rate_per_s"] == 120_000e9 / 201e6
    assert line["goodput_bytes_per_s"] == 100 * line["rate_per_s"]
    assert (line["sent"], line["delivered"], line["lost"]) == (360_000, 360_000, 0)
    assert line["fairness"] == 1
    assert line["bytes_per_call"] == 104
    assert line["state"] == "ok"


def test_the_fastest_is_first_among_equals() -> None:
    slow, fast = case("tcp"), case("pipe")
    other = case("unix-stream", size_bytes=1)
    found = lines(three(slow), three(fast, delivered=999_999), three(other, delivered=5))
    assert [line["name"] for line in found] == ["unix-stream", "pipe", "tcp"]
    assert [line["case"] for line in found] == [3, 2, 1]


def test_who_performed_the_trials_stands_beside_them_where_it_differs() -> None:
    native = case("pipe")
    python = msgspec.structs.replace(native, transport="os-pipe", runtime="python")
    table = rates_table(with_estimates(document(three(native), three(python))))
    place = [column.name for column in table.columns].index("runtime")
    assert [row[place] for row in table.rows] == ["native", "python"]
    alike = rates_table(with_estimates(document(three(native), three(case("tcp")))))
    assert "runtime" not in [column.name for column in alike.columns]


def test_what_did_not_run_has_no_number() -> None:
    _, line = lines(three(case("tcp")), unavailable(case("mq-posix")))
    identity = {"case", "size_bytes", "consumers", "linger_us", "trials"}
    assert {name for name, cell in line.items() if isinstance(cell, int | float)} == identity
    assert line["state"] == "unavailable"
    assert line["remarks"] == "unavailable: no mqueue here; mount one"


def test_a_case_without_a_finished_trial_is_listed() -> None:
    _, line = lines(three(case("tcp")), (case("pipe"), []))
    assert (line["state"], line["sent"], line["rate_per_s"]) == ("no trial", None, None)
    assert line["remarks"] == "no trial: none of this case was finished"


def test_m01_a_failed_trial_counts_in_the_sums_but_not_in_the_rate() -> None:
    of, trials = three(case("pipe"))
    trials[1] = trial(of, 1, delivered=119_999, sent=120_000, lost=1, state="failed", reason="1 message was lost")
    (line,) = lines((of, trials))
    assert (line["sent"], line["delivered"], line["lost"]) == (360_000, 359_999, 1)
    assert line["rate_low_per_s"] is None
    assert line["rate_per_s"] == (600_000 + 120_000e9 / 202e6) / 2
    assert line["state"] == "1/3 failed"
    assert line["remarks"] == "failed: 1 message was lost"


def test_m01_counts_that_are_not_conserved_prove_nothing_anywhere() -> None:
    table = rates_table(with_estimates(document(three(case("tcp"), delivered=5, sent=10))))
    (line,) = lines(three(case("tcp"), delivered=5, sent=10))
    assert (line["state"], line["rate_per_s"], line["cpu_ns_per_message"]) == ("failed", None, None)
    assert "sent 10 is not delivered 5 + lost 0" in line["remarks"]
    assert any("sent 10 is not delivered 5 + lost 0" in said for said in table.below)
    assert any(said.startswith("delivery proved in 0 of the 3 trials that ran: 30 sent, 15") for said in table.below)


def test_what_a_lossy_mechanism_lost_is_marked_and_not_called_delivered() -> None:
    table = rates_table(with_estimates(document(three(case("pipe"), delivered=999, lost=1))))
    (line,) = lines(three(case("pipe"), delivered=999, lost=1))
    assert (line["state"], line["lost"]) == ("ok", 3)
    assert "some messages were lost: the rate is of those delivered" in line["remarks"]
    assert table.rows[0][-1] == "ok [1]"
    assert any(
        said.startswith(
            "every message accounted for in 3 of the 3 trials that ran: 3,000 sent, 2,997 delivered, 3 lost"
        )
        for said in table.below
    )
    assert not any("delivery proved" in said for said in table.below)


def columns(*results: tuple[Case, list[Trial]], wide: bool = False) -> dict[str, str]:
    """The heads of the table by the names of its columns."""
    table = rates_table(with_estimates(document(*results)), wide=wide)
    return {column.name: column.title() for column in table.columns}


def test_m04_what_nobody_received_is_not_called_delivered() -> None:
    results = three(case("pipe", consumers=0)), three(case("pipe"))
    table = rates_table(with_estimates(document(*results)))
    unreceived, received = lines(*results)
    assert (unreceived["consumers"], unreceived["delivered"], unreceived["sent"]) == (0, 0, 360_000)
    assert UNRECEIVED in unreceived["remarks"]
    assert UNRECEIVED not in (received["remarks"] or "")
    assert any("(to 0 consumers: sent and accepted, and nothing is delivered)" in said for said in table.below)


def test_m21_what_a_server_took_stands_beside_what_the_ends_took() -> None:
    through, direct = case("pipe"), case("tcp")
    used = BrokerUse(name="nats", started=True, cpu_ns=60_000_000)
    results = three(through, broker=used), three(direct)
    found = {line["transport"]: line for line in lines(*results)}
    assert found["pipe"]["broker_cpu_ns_per_message"] == 60_000_000 / found["pipe"]["delivered"] * 3
    assert found["pipe"]["cpu_ns_per_message"] == found["tcp"]["cpu_ns_per_message"]
    assert found["tcp"]["broker_cpu_ns_per_message"] is None
    assert "broker_cpu_ns_per_message" in columns(*results)
    assert "broker_cpu_ns_per_message" not in columns(results[1])
    elsewhere = three(through, broker=BrokerUse(name="nats", started=False))
    assert "broker_cpu_ns_per_message" not in columns(elsewhere)


def test_m04_of_what_nobody_received_nothing_arrived() -> None:
    (table,) = offered_tables(with_estimates(document(three(case("pipe", consumers=0)), three(case("pipe")))))
    names = [column.name for column in table.columns]
    unreceived, received = (dict(zip(names, row, strict=True)) for row in table.rows)
    assert (unreceived["rate_per_s"], unreceived["lost_share"]) == (0, None)
    assert unreceived["send_rate_per_s"]
    assert received["rate_per_s"]


def test_m04_what_nobody_confirmed_is_not_called_accepted() -> None:
    (unconfirmed,) = lines(three(case("pipe", consumers=0, ack="none")))
    assert UNCONFIRMED in unconfirmed["remarks"]
    assert UNRECEIVED not in unconfirmed["remarks"]


OFFERED = {"rate_to_all_per_s", "send_rate_per_s", "lost_share"}
FANOUT = case("tcp", consumers=4, pattern="fanout")


def test_m04_a_fan_out_says_what_was_published_and_what_all_were_delivered() -> None:
    heads = columns(three(FANOUT), three(case("tcp")))
    assert (heads["send_rate_per_s"], heads["rate_to_all_per_s"]) == ("published per s", "to all per s")
    assert heads["rate_per_s"] == "delivered per s"
    assert "lost_share" not in heads
    shared, fanned = lines(three(FANOUT), three(case("tcp")))
    assert (fanned["rate_per_s"], fanned["rate_to_all_per_s"]) == (120_000e9 / 201e6, 30_000e9 / 201e6)
    assert fanned["send_rate_per_s"] == 30_000e9 / 200.6e6
    assert (shared["rate_to_all_per_s"], shared["send_rate_per_s"]) == (None, 120_000e9 / 200.6e6)


def test_requests_are_counted_as_round_trips() -> None:
    asking = case("tcp", pattern="pingpong", in_flight=8)
    assert columns(three(asking))["rate_per_s"] == "round trips per s"
    assert columns(three(asking), three(case("pipe")))["rate_per_s"] == "messages per s"
    assert columns(three(asking), wide=True).keys() >= {"in_flight", "round_trips"}
    table = rates_table(document(three(asking)))
    assert table.title == "Which mechanism answers the most requests?"
    assert any("pingpong; in flight 8" in said for said in table.above)


def test_m04_what_was_sent_and_lost_stands_beside_what_was_delivered() -> None:
    """In the table that everybody sees, for every case of it."""
    results = three(case("tcp"), lost=30_000), three(case("pipe"))
    heads = columns(*results)
    assert (heads["send_rate_per_s"], heads["lost_share"], heads["rate_per_s"]) == (
        "sent per s",
        "loss",
        "delivered per s",
    )
    assert "rate_to_all_per_s" not in heads
    lossy, whole = sorted(lines(*results), key=lambda line: line["case"])
    assert (lossy["lost_share"], whole["lost_share"]) == (0.2, 0)
    assert lossy["send_rate_per_s"] == 150_000e9 / 200.6e6


def test_m04_where_all_that_was_sent_arrives_at_one_there_is_one_rate() -> None:
    assert columns(three(case("tcp")))["rate_per_s"] == "messages per s"
    assert not OFFERED & set(columns(three(case("tcp"))))
    assert set(columns(three(case("tcp")), wide=True)) >= OFFERED


def test_a_loss_of_a_trial_that_was_not_proved_is_no_loss_of_the_mechanism() -> None:
    of = case("pipe")
    failed = of, [trial(of, repeat, lost=9, state="failed", reason="9 messages were lost") for repeat in range(3)]
    assert not OFFERED & set(columns(failed))
    (line,) = lines(failed)
    assert (line["lost"], line["lost_share"]) == (27, None)


def test_a_rate_beside_a_loss_is_not_called_the_highest_without() -> None:
    (line,) = lines(three(case("pipe"), lost=1))
    assert "sending as fast as it goes, not the highest without loss" in line["remarks"]


def test_what_a_lossy_mechanism_does_is_said_once_for_each_kind() -> None:
    both = three(case("pipe"), lost=1, reordered=2)
    for one in both[1]:
        one.consumers[0] = msgspec.structs.replace(one.consumers[0], reordered=2)
    table = rates_table(with_estimates(document(both, three(case("tcp"), lost=1))))
    said = [line for line in table.below if line.startswith("[")]
    assert len(said) == 2
    assert "some messages were lost: " in said[0]
    assert said[1] == "[2] some messages were reordered; queuemark show --wide counts them"


def test_sums_with_a_fan_out_among_them_say_what_they_are_sums_of() -> None:
    (said,) = (line for line in rates_table(document(three(FANOUT))).below if line.startswith("delivery proved"))
    assert "90,000 sent, 360,000 delivered, 0 lost" in said
    assert said.endswith("(of a fan-out: sent once, delivered or lost at each consumer)")


def test_one_trial_is_not_several() -> None:
    table = rates_table(document((case("tcp"), [trial(case("tcp"))])))
    assert any("in 1 of the 1 trial that ran" in said for said in table.below)
    held = document((case("tcp"), []))
    held.session.plan = msgspec.structs.replace(held.session.plan, repeats=1)
    assert ", 1 trial a case, " in rates_table(held).above[0]


def test_m07_a_withheld_rate_says_why() -> None:
    (line,) = lines(three(case("tcp"), window_ns=5000))
    assert (line["rate_per_s"], line["delivered"], line["state"]) == (None, 360_000, "ok")
    assert "under 1 ms" in line["remarks"]


def test_m20_more_workers_than_cpus_are_told() -> None:
    (line,) = lines(three(case("tcp"), oversubscribed=True))
    assert line["remarks"] == "oversubscribed: more workers than cpus to run them"


def test_the_text_fits_and_refers_to_what_is_below() -> None:
    cases = [three(case("tcp", consumers=count, size_bytes=size)) for count in (1, 4) for size in (16, 1024)]
    shown = rates_text(with_estimates(document(*cases, unavailable(case("mq-posix")))))
    assert max(map(len, shown.splitlines())) <= 100
    assert "unavailable [2]" in shown
    assert "[2] unavailable: no mqueue here; mount one" in shown
    assert "delivery proved in 12 of the 12 trials that ran: 1,440,000 sent, 1,440,000 delivered, 0 lost" in shown
    assert "again: queuemark run" in shown


def test_what_all_cases_share_is_said_once() -> None:
    table = rates_table(with_estimates(document(three(case("tcp")), three(case("pipe")))))
    assert not {"size_bytes", "consumers", "policy"} & {column.name for column in table.columns}
    assert table.above[1].startswith("size 64 B; consumers 1; policy each; share; wait block; placement spread")


def test_m27_the_table_names_the_command_that_makes_it_again() -> None:
    assert rates_table(document(three(case("tcp")))).below[-1] == "again: queuemark run"


def test_csv_refers_to_nothing_outside_itself() -> None:
    table = rates_table(with_estimates(document(unavailable(case("tcp")))), wide=True, alone=True)
    (row,) = csv.DictReader(io.StringIO(csv_text(table)))
    assert row["state"] == "unavailable"
    assert row["rate_per_s"] == row["sent"] == ""


def test_own_messages_are_told_with_their_sizes() -> None:
    own = MessagesSource(name="mail", format="lines", sha256="5f" * 32, count=10, total_bytes=640, largest_bytes=108)
    shown = rates_text(document(three(case("tcp", messages=own)), three(case("pipe", messages=own))))
    assert shown.count("mail: 10 messages, each at its own size: 64 B on average, the largest 108 B with its") == 1


def test_a_session_without_cases_is_shown() -> None:
    assert "no trial ran" in rates_text(document())


MIX = parse_sizes("64:70%,1k:25%,16k:5%")[0]


def test_a_mix_stands_where_the_size_does() -> None:
    mixed = case("tcp", size_bytes=16384, mix=MIX)
    told = rates_text(with_estimates(document(three(case("tcp")), three(mixed))))
    assert "64:70%,1k:25%,16k:5%: 1.09 KiB on average" in told
    row = told[told.index("tcp        64:70%") :]
    assert "64:70%," in row
    assert "64 B" in told
    assert "16 KiB" not in told


def test_a_mix_that_all_cases_share_is_said_once() -> None:
    mixed = [three(case(name, size_bytes=16384, mix=MIX)) for name in ("tcp", "pipe")]
    told = " ".join(rates_text(with_estimates(document(*mixed))).split())
    assert "size 64:70%,1k:25%,16k:5%; consumers 1; " in told
    assert "16 KiB" not in told


def test_programs_get_the_largest_size_and_the_mix() -> None:
    plain, mixed = lines(three(case("tcp")), three(case("tcp", size_bytes=16384, mix=MIX)))
    assert (plain["size_bytes"], plain["mix"]) == (64, None)
    assert (mixed["size_bytes"], mixed["mix"]) == (16384, "64:70%,1k:25%,16k:5%")
    assert "sizes" not in mixed


def test_m25_over_a_link_what_is_allowed_and_the_share_stand_beside_the_rate() -> None:
    over = case("tcp", size_bytes=1444, link=parse_link("100M"))
    measured = three(over, window_ns=10**9, delivered=6502)
    table = rates_table(with_estimates(document(measured)))
    row = dict(zip((column.name for column in table.columns), table.texts()[0], strict=True))
    assert (row["rate_per_s"], row["link_allows_per_s"], row["link_share"]) == ("6.5 k", "8.13 k", "80.0 %")
    assert any("over a link of 100 Mb/s" in line for line in table.above)
    assert [line["link"] for line in lines(measured)] == ["100 Mb/s"]


def test_m25_more_than_the_link_allows_is_marked_as_an_error() -> None:
    over = case("tcp", size_bytes=1444, link=parse_link("100M"))
    for delivered, marked in ((8205, False), (8300, True)):
        table = rates_table(with_estimates(document(three(over, window_ns=10**9, delivered=delivered))))
        assert any(BEYOND_LINK in line for line in table.below) == marked


def test_without_a_link_no_column_speaks_of_one() -> None:
    names = {column.name for column in rates_table(with_estimates(document(three(case("tcp"))))).columns}
    assert not {"link", "link_allows_per_s", "link_share"} & names


def test_m01_a_rate_that_was_only_said_is_marked_wherever_it_stands() -> None:
    of = case("tcp", items=1_000_000)
    (line,) = lines((of, [said_trial(of)]))
    assert (line["state"], line["rate_per_s"], line["cpu_ns_per_message"]) == ("not proved", 400_000, None)
    assert UNPROVED in line["remarks"]
    told = rates_text(with_estimates(document((of, [said_trial(of)]))))
    assert "; delivery not proved: nothing was counted, a rate is what was said" in " ".join(told.split())
    assert "of 1 trial nothing was counted: what was said of it is not proved" in told
    assert "steady state" not in told
    mixed = of, [trial(of), said_trial(of, 1)]
    assert [(each["state"], each["rate_per_s"]) for each in lines(mixed)] == [("1/2 not proved", 600_000)]
    assert "delivery proved in 1 of the 2 trials that ran: 120,000 sent" in rates_text(with_estimates(document(mixed)))
