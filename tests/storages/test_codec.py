"""Trials in JSON: one list of fields, which all forms share."""

import math

import msgspec
import pytest

from luthier.server.schemas import Trial
from luthier.storages import codec, http_messages
from luthier.storages.codec import decode_trial, encode_body, pack_trial, unpack_trial
from luthier.trial.record import State, TrialRow, Turn

FULL = TrialRow(
    number=3,
    state=State.PRUNED,
    params={"x": 0.5, "layers": (1, (2, "a"))},
    values=(0.25, -math.inf),
    reports=((1.0, (0.5, math.inf)), (2.0, 3.0)),
    tags={"k": [1]},
    error="no",
    checkpoints=({"step": 1.0},),
    turns=(Turn(0.5, {"layers": (1, 3)}), Turn(1.0, {"layers": (1, 2)}, 7, 1.5, 1.75)),
    started_s=1.0,
    finished_s=2.0,
    worker="w",
    token=2,
    lease_s=9.0,
    retries=1,
    cost=2.5,
    constraints={"q": math.inf},
)
BARE = TrialRow(number=0, state=State.WAITING)


@pytest.mark.parametrize("row", [FULL, BARE])
def test_a_trial_is_stored_and_read_as_it_was(row):
    record = (row.number, int(row.state), row.token, row.lease_s, row.retries, encode_body(row))
    assert decode_trial(record, row.reports) == row


def test_a_turn_of_the_time_before_turns_had_times_is_read():
    body = b'{"params":{"x":1},"turns":[{"step":2.0,"params":{"x":[1,2]},"source":null}]}'
    found = decode_trial((0, int(State.COMPLETE), 1, 0.0, 0, body), ())
    assert found.turns == (Turn(2.0, {"x": (1, 2)}),)
    assert (found.turns[0].paused_s, found.turns[0].resumed_s) == (None, None)


@pytest.mark.parametrize("row", [FULL, BARE])
def test_a_trial_travels_as_it_was(row):
    sent = msgspec.json.encode(pack_trial(row, http_messages.Row))
    assert unpack_trial(msgspec.json.decode(sent, type=http_messages.Row)) == row


def test_what_has_its_default_is_not_written():
    assert encode_body(BARE) == "{}"
    assert msgspec.json.encode(pack_trial(BARE, http_messages.Row)) == b'{"number":0,"state":0}'


def test_numbers_that_are_not_finite_are_text():
    assert '"values":[0.25,"-inf"]' in encode_body(FULL)
    assert '"constraints":{"q":"inf"}' in encode_body(FULL)


def test_what_was_stored_without_a_field_has_its_default():
    assert decode_trial((0, 3, 0, 0.0, 0, '{"params":{"x":1}}')).cost is None


@pytest.mark.parametrize("body", ["", "[]", '{"params":1}', '{"values":["many"]}'])
def test_what_is_no_trial_is_refused(body):
    with pytest.raises(ValueError, match=r"."):
        decode_trial((0, 3, 0, 0.0, 0, body))


def test_the_forms_have_every_field_of_a_trial():
    fields = TrialRow.__struct_fields__
    assert http_messages.Row.__struct_fields__ == fields
    body = tuple(name for name in fields if name not in codec._COLUMNS)
    assert codec._Body.__struct_fields__ == body
    assert set(fields) - set(Trial.__struct_fields__) == {
        "checkpoints",
        "proposal",
        "turns",
        "token",
        "lease_s",
    }


@pytest.mark.parametrize("value", [0.5, math.inf, (0.5, -math.inf)])
def test_a_reported_value_fits_into_one_column(value):
    column = codec.value_to_column(value)
    assert isinstance(column, float | str)
    assert codec.value_from_column(column) == value
