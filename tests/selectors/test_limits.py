"""What a hostile text may cost whoever reads it."""

import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable

import pytest

from function import deadline
from function.deadline import CallEndedError
from function.selectors import MATCH, EvaluationResult, SelectorError, compile_selector, selector
from function.selectors.cache import GenerationalCache
from function.selectors.stage_budget import Stage, StageBudget
from tests.support.hostile import LARGE, LONG, SIZE, bound, grid, many, nested
from tests.support.selecting import DEVICE, evaluate, refused

ALL: dict[str, str] = {**LARGE, **LONG}
LIMIT = "the expression takes too many steps; loop over less"
MACROS = {
    "[].all(v, {})": 40,
    "[].exists(v, {})": 40,
    "[].exists_one(v, {})": 40,
    "[].filter(v, {}).size() == 0": 24,
    "[].map(v, {}, 1).size() == 0": 24,
    "[].map(v, {}).size() == 0": 18,
    "[[]].map(v, [{}]).size() == 0": 14,
    "{{1: 1}}.transformMap(k, v, {}).size() == 0": 20,
    "{{1: 1}}.transformList(k, v, {}, 1).size() == 0": 20,
    "{{1: 1}}.transformMapEntry(k, v, {{k: {}}}).size() == 0": 14,
    "cel.bind(v, true, {})": 90,
}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Counter[Stage]]:
    """Count the steps that a text takes, by stage."""
    found: Counter[Stage] = Counter()
    step = StageBudget.step

    def counted(work: StageBudget, count: int = 1) -> None:
        found[work.stage] += count
        step(work, count)

    monkeypatch.setattr(StageBudget, "step", counted)

    def count(text: str) -> Counter[Stage]:
        found.clear()
        compiled(text)
        return Counter(found)

    return count


def compiled(text: str) -> None:
    """Compile anew, whatever is remembered."""
    result = selector._compile(text)
    assert not isinstance(result, SelectorError), result


@pytest.mark.parametrize(("macro", "depth"), MACROS.items())
def test_every_stage_takes_steps_in_proportion_to_how_deep_macros_nest(
    macro: str, depth: int, steps: Callable[[str], Counter[Stage]]
) -> None:
    none, half, whole = (steps(nested(macro, depth * part // 2)) for part in range(3))
    assert set(whole) == set(Stage)
    assert {stage: whole[stage] - half[stage] for stage in Stage} == {
        stage: pytest.approx(half[stage] - none[stage], abs=2) for stage in Stage
    }


@pytest.mark.parametrize("stage", Stage)
def test_a_stage_that_would_take_too_many_steps_is_refused_by_name(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "limit", 5)
    error = selector._compile("1 + 2 + 3 + 4 + 5 == 15 && [1].all(x, x == 1)")
    assert isinstance(error, SelectorError)
    assert error.message == f"{stage.description} takes more than 5 steps; {stage.advice}"


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_whatever_is_asked_for_little_memory_and_few_steps_are_taken(text: str) -> None:
    tracemalloc.start()
    try:
        result = selector._compile(text)
        verdict = None if isinstance(result, SelectorError) else selector._evaluate(result._interpretable, DEVICE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 48 * 2**20
    message = str(result) if verdict is None else verdict.message
    assert len(message) <= 450
    assert "Recursion" not in message
    assert "too deeply" not in message or "names stand for" in message


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_what_can_grow_too_large_is_refused_before_it_is_placed(text: str) -> None:
    assert " are allowed. " in refused(text).message


def test_a_refusal_says_what_grows_to_what_and_where() -> None:
    error = refused(LARGE["replace"])
    assert (error.message, error.column) == (
        "replace() can make 1,100,000 characters; 262,144 are allowed. Make it of less",
        1104,
    )
    assert refused(LARGE["lists in loops"]).message.startswith(
        "all that the expression makes up to here can be 5,761,476,800 bytes; 8,388,608 are allowed."
    )
    assert refused(f"cel.bind(l, {many(600)}, l.transformList(i, a, l.map(b, i)).size() > 0)").message.startswith(
        "the expression may cost"
    )


@pytest.mark.parametrize("text", [LONG[name] for name in ("operands", "numbers of digits", "versions", "patterns")])
def test_an_evaluation_that_takes_too_many_steps_is_an_error_that_nothing_absorbs(text: str) -> None:
    assert evaluate(f"{text} || true") == EvaluationResult.failed(LIMIT)


def test_a_quantity_with_a_huge_exponent_is_refused_where_it_is_written_and_an_error_that_nothing_absorbs() -> None:
    message = "the exponent of a quantity is limited to 1000"
    assert refused("quantity('1e999999').sign() == 1 || true").message.startswith("sign cannot")
    assert refused("sign(quantity('1e999999')) == 1 || true").message == message
    assert evaluate(LONG["exponents"]) == EvaluationResult.failed(message)


def test_what_a_device_makes_larger_than_it_may_be_is_an_error_that_nothing_absorbs() -> None:
    huge = type(DEVICE)("gpu", "x" * SIZE)
    assert evaluate("(device.driver + 'x').size() > 0 || true", huge) == EvaluationResult.failed(
        "the expression makes a value larger than 262,144 characters or elements; make less"
    )
    text = f"{many(70)}.all(x, 'x'.replace('x', device.driver).size() > 0) || true"
    assert evaluate(text, type(DEVICE)("gpu", "x" * 200_000)) == EvaluationResult.failed(
        "the expression makes more than 8,388,608 bytes of values; make less, or loop over less",
    )


def test_the_answer_is_the_same_however_deep_the_caller_is() -> None:
    def deep(levels: int, text: str) -> str:
        return deep(levels - 1, text) if levels else str(answer(text))

    for text in (LONG["parentheses and operators"], nested("[1].all(v, {})", 40), bound("1", "1+{0}", 90, "{0} > 0")):
        assert deep(800, text) == str(answer(text))


def answer(text: str) -> EvaluationResult | SelectorError:
    """Compile and evaluate, whatever is remembered."""
    result = selector._compile(text)
    return result if isinstance(result, SelectorError) else selector._evaluate(result._interpretable, DEVICE)


def test_the_deepest_selectors_fit_the_stack_of_a_thread() -> None:
    found: list[EvaluationResult | SelectorError] = []
    texts = ["(" * 98 + "true||true&&1==1+1*1" + ")" * 98, nested("[1].all(v, {})", 48), *LONG.values()]
    thread = threading.Thread(target=lambda: found.extend(map(answer, texts)))
    thread.start()
    thread.join()
    assert found[:2] == [MATCH, MATCH]
    assert len(found) == len(texts)


@pytest.mark.parametrize("text", [nested("[1].all(v, {})", 40), grid("x + y > 0", 120), "true"])
def test_a_call_that_ended_stops_compiling_and_evaluating_and_is_not_remembered(text: str) -> None:
    cancelled = threading.Event()
    cancelled.set()
    fresh = f"{text} && 'a call that ended' != ''"
    with deadline.within(60, cancelled), pytest.raises(CallEndedError):
        compile_selector(fresh)
    compiled_selector = compile_selector(fresh)
    with deadline.within(60, cancelled), pytest.raises(CallEndedError):
        compiled_selector.evaluate(DEVICE)
    assert compiled_selector.evaluate(DEVICE) == MATCH


def test_an_evaluation_stops_in_its_middle_when_the_call_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked > 3:
            raise CallEndedError("now")

    compiled_selector = compile_selector(grid("x + y > 0 && 'in its middle' != ''", 120))
    monkeypatch.setattr(deadline, "check", check)
    with pytest.raises(CallEndedError):
        compiled_selector.evaluate(DEVICE)


def test_what_is_remembered_is_bounded_in_entries_and_in_weight() -> None:
    memory = GenerationalCache[str](10, 100)
    for place in range(40):
        assert memory.get_or_compute(place, str(place).lower, len) == f"{place}"
        assert memory.statistics().entries <= 10
    heavy = "x" * 30
    for place in range(40, 60):
        memory.get_or_compute(place, lambda: heavy, len)
    assert memory.statistics().entries <= 100 // 30
    memory.get_or_compute("larger than all", lambda: "x" * 200, len)
    before = memory.statistics()
    memory.get_or_compute("larger than all", lambda: "x" * 200, len)
    assert (memory.statistics().hits, memory.statistics().misses) == (before.hits, before.misses + 1)


def test_what_is_remembered_of_a_selector_takes_no_more_memory_than_its_parts_weigh() -> None:
    for text in (" && ".join(["1 < 2"] * 900), many(3000) + ".size() > 0", grid("x + y - x + y > 0", 200)):
        tracemalloc.start()
        try:
            kept = selector._compile(text)
            size, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert size < 1000 * selector._weight(kept)


def test_messages_say_no_more_of_a_text_than_a_person_reads() -> None:
    assert len(refused(LONG["a long name"]).message) <= 400
    assert len(refused(LONG["arguments"]).message) <= 400
    assert evaluate(f"dyn({{'a': 1}})['{'b' * 5000}'] == 1").message == f"no such key: {'b' * 59}…"
    assert evaluate("dyn({'a': 1})[dyn([{}])] == 1").message == "no such key: a list"
