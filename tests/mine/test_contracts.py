"""The contracts of any four files, on a sample that the user names (``make test-mine``)."""

from collections.abc import Sequence
from functools import partial

import pytest
from pydantic import BaseModel, JsonValue

from app.core import strict_json
from app.core.errors import AppError
from app.services.evaluations import judging
from app.services.evaluations.judging import Case
from app.services.evaluations.statistics import metrics
from app.services.records.records import normalise, prepare
from app.services.use_case import UseCase
from tests.mine import calls
from tests.mine.conftest import Answered
from tests.mine.elsewhere import ELSEWHERE, RESULTS, ROWS, made_elsewhere
from tests.mine.sample import Known

pytestmark = pytest.mark.mine

SINGLY = 200
"""How many are tried one by one, too."""


def test_every_input_is_stored_and_read_again(use_case: UseCase, known: Sequence[Known]) -> None:
    for one in known:
        first = prepare(use_case, one.raw)  # the model of its own has a legal name
        again = prepare(use_case, first.payload)
        assert again == first, f"stored as {first.payload}, and then as {again.payload}"
        parsed = use_case.input_type.model_validate(one.raw)
        assert use_case.input_type.model_validate(first.payload) == parsed


def test_an_unknown_field_is_refused_by_its_name(use_case: UseCase, known: Sequence[Known]) -> None:
    assert isinstance(known[0].raw, dict)
    with pytest.raises(AppError) as caught:
        normalise(use_case.input_type, {**known[0].raw, "no_such_field": 1})
    assert [fault.field for fault in caught.value.errors] == ["no_such_field"]


def test_every_row_is_as_long_as_the_features_and_json(use_case: UseCase, items: Sequence[BaseModel]) -> None:
    calls.preprocessed(use_case, items)


def test_a_row_depends_on_its_item_alone(
    use_case: UseCase, known: Sequence[Known], items: Sequence[BaseModel], package: str | None
) -> None:
    alone = calls.check_independence(partial(calls.preprocessed, use_case), items, SINGLY)
    there = made_elsewhere(package, ROWS, [one.raw for one in known[:SINGLY]])
    calls.check_same(items, alone, there, ELSEWHERE)


def test_the_model_answers_every_row(answered: Answered) -> None:
    assert not answered.fault, answered.fault


def test_there_is_one_result_per_output_and_json(use_case: UseCase, answers: Sequence[object]) -> None:
    calls.postprocessed(use_case, answers)


def test_a_result_depends_on_its_output_alone(
    use_case: UseCase,
    known: Sequence[Known],
    outputs: Sequence[JsonValue],
    answers: Sequence[object],
    package: str | None,
) -> None:
    alone = calls.check_independence(partial(calls.postprocessed, use_case), answers, SINGLY)
    pairs: list[JsonValue] = [[output, one.raw] for output, one in zip(outputs, known, strict=True)]
    sent = pairs if use_case.reads_inputs_again else outputs
    calls.check_same(answers, alone, made_elsewhere(package, RESULTS, sent[:SINGLY]), ELSEWHERE)


def test_every_label_is_of_its_type(truths: Sequence[JsonValue]) -> None:
    assert any(truth is not None for truth in truths), "no record of the sample has a label"


def test_every_input_is_in_a_group_of_every_slice(use_case: UseCase, items: Sequence[BaseModel]) -> None:
    for name, group in use_case.slices.items():
        for item in items:
            value = group(item)
            assert isinstance(value, str), f"slice {name} puts {item!r} into {value!r}, which is no text"
            strict_json.check(value)
            assert group(item) == value, f"slice {name} puts {item!r} into {value!r}, and then elsewhere"


def test_the_metrics_are_those_of_the_task(use_case: UseCase) -> None:
    known = metrics.METRICS[use_case.task]
    assert use_case.metrics, "evaluation.METRICS names none"
    assert not [name for name in (*use_case.metrics, *use_case.headline) if name not in known], (
        f"a {use_case.task} task has {', '.join(known)}"
    )
    assert {*use_case.headline} <= {*use_case.metrics}, "HEADLINE names what METRICS does not"


def test_every_metric_can_be_computed(
    use_case: UseCase, answers: Sequence[object], truths: Sequence[JsonValue]
) -> None:
    results = calls.postprocessed(use_case, answers)
    cases = [
        Case(truth, result, (), "")
        for truth, result in zip(truths, results, strict=True)
        if truth is not None
    ]
    faults = judging.faults(use_case, cases)
    assert not faults, f"{len(faults)} of {len(cases)} cannot be judged: {next(iter(faults.values()))}"
    found = judging.judge_all(use_case, cases, use_case.metrics)
    undefined = [f"{one.metric}: {one.reason}" for one in found if one.value is None]
    assert not undefined, undefined


def test_the_time_field_is_there(use_case: UseCase, known: Sequence[Known]) -> None:
    if use_case.time_field is None or use_case.time_field not in use_case.time_fields:
        pytest.skip("Evaluations go by no field of the input.")
    stored = [normalise(use_case.input_type, one.raw).payload for one in known]
    assert any(payload.get(use_case.time_field) for payload in stored), "no record of the sample has a time"
