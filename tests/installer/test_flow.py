"""The order of the screens: next, back, skip with the direction kept, answers opened again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from installer.flow import Flow, Stage


@dataclass(frozen=True)
class _State:
    hidden: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()
    secret: str = ""
    value: str = ""


def _stage(name: str) -> Stage[_State]:
    def forget(state: _State) -> _State:
        return replace(state, secret="") if name == "c" else state

    return Stage(name, lambda state: name not in state.hidden, forget)


def _flow(state: _State | None = None) -> Flow[_State]:
    return Flow([_stage(name) for name in "abcdz"], state or _State(), lambda state: state.answered)


def _next(flow: Flow[_State], **changes: object) -> str:
    answered = flow.state.answered | {flow.name}
    return flow.next(replace(flow.state, **{"answered": answered, **changes}))  # type: ignore[arg-type]


def test_goes_forward_and_back_and_keeps_what_was_answered() -> None:
    flow = _flow()
    assert [_next(flow, value="kept"), _next(flow)] == ["b", "c"]
    assert [flow.back(flow.state), flow.back(flow.state)] == ["b", "a"]
    assert flow.state.value == "kept" and flow.at_first


def test_a_stage_that_does_not_apply_is_passed_over_in_both_directions() -> None:
    flow = _flow(_State(hidden=frozenset("b")))
    assert _next(flow) == "c"
    assert flow.back(flow.state) == "a"


def test_a_first_stage_that_does_not_apply_is_not_the_beginning() -> None:
    assert _flow(_State(hidden=frozenset("a"))).name == "b"


def test_there_is_nothing_before_the_first_stage() -> None:
    flow = _flow()
    assert flow.back(flow.state) == "a" and flow.at_first


def test_position_counts_the_stages_that_apply() -> None:
    flow = _flow(_State(hidden=frozenset("b")))
    assert flow.position == (1, 4)
    _next(flow)
    assert flow.position == (2, 4)


def test_what_must_be_given_anew_is_forgotten_when_its_stage_is_shown_again() -> None:
    flow = _flow()
    for _ in range(3):
        _next(flow, secret="marked-secret")
    assert flow.name == "d" and flow.state.secret
    flow.back(flow.state)
    assert flow.name == "c" and not flow.state.secret


def _at_the_end(state: _State | None = None) -> Flow[_State]:
    flow = _flow(state)
    while flow.name != "z":
        _next(flow)
    return flow


def test_a_stage_opened_again_leads_back_to_the_last_one() -> None:
    flow = _at_the_end()
    assert flow.reopen("b", flow.state) == "b"
    assert _next(flow) == "z"


def test_back_from_a_stage_opened_again_leads_to_the_last_one_too() -> None:
    flow = _at_the_end()
    flow.reopen("b", flow.state)
    assert flow.back(flow.state) == "z"
    assert flow.back(flow.state) == "d"  # and from there the road is as it was


def test_an_answer_that_makes_a_later_one_questionable_leads_through_it() -> None:
    flow = _at_the_end()
    flow.reopen("a", flow.state)
    assert _next(flow, answered=frozenset("abd")) == "c"
    assert _next(flow) == "z"


def test_an_answer_that_makes_an_earlier_one_questionable_leads_back_to_it_before_the_end() -> None:
    flow = _flow()
    for _ in range(3):
        _next(flow)
    assert flow.name == "d"
    assert _next(flow, answered=frozenset("acd")) == "b"
    assert _next(flow) == "z"


def test_opening_again_shows_stages_that_apply_only_now() -> None:
    flow = _at_the_end(_State(hidden=frozenset("c")))
    flow.reopen("a", flow.state)
    assert _next(flow, hidden=frozenset()) == "c"
    assert _next(flow) == "z"
    assert flow.reopenable() == ("a", "b", "c", "d")


def test_only_what_is_missing_is_asked_when_the_rest_was_answered_beforehand() -> None:
    flow = _flow(_State(answered=frozenset("abd")))
    assert flow.skip_answered() == "c"
    assert _next(flow) == "z"


def test_at_the_first_stage_there_is_nothing_before_although_something_is_left_to_answer() -> None:
    flow = _flow(_State(answered=frozenset("a")))
    flow.skip_answered()
    assert flow.name == "b" and not flow.at_first
    assert flow.back(flow.state) == "a" and flow.at_first


def test_a_first_stage_opened_again_leads_back_to_the_last_one() -> None:
    flow = _at_the_end()
    flow.reopen("a", flow.state)
    assert not flow.at_first and flow.back(flow.state) == "z"
