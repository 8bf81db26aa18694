"""A prediction by a click: what was told, how long each stage took, and that it counts as any."""

import pytest

from app.core.signals.stages import STAGES
from app.services.browsing.predicting import Tried, predict
from app.services.predictions.predictor import Ask
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub, model_error
from tests.support.signals import Noted

MISS = ["lookup", "claim", "preprocess", "inference", "postprocess", "store"]


def names(tried: Tried) -> list[str]:
    return [stage.name for stage in tried.stages]


async def test_each_stage_follows_the_one_before(runtime: Runtime) -> None:
    noted = Noted()
    miss = await predict(runtime.predictor, "a", Ask("transit"))
    assert miss.answer is not None
    assert (miss.answer.cache, names(miss)) == ("MISS", MISS)
    for stage, following in zip(miss.stages, miss.stages[1:], strict=False):
        assert following.began == pytest.approx(stage.began + stage.seconds)
    assert sum(stage.seconds for stage in miss.stages) <= miss.seconds
    hit = await predict(runtime.predictor, "a", Ask("transit"))
    assert hit.answer is not None
    assert (hit.answer.cache, names(hit)) == ("HIT", ["lookup"])
    assert noted.answers == {("1", "request", "miss", ""): 1, ("1", "request", "hit", ""): 1}
    assert STAGES.get() is None


async def test_an_error_is_given_with_the_stages_before_it(runtime: Runtime, aws: AwsStub) -> None:
    aws.respond = lambda request: model_error(500, "away")
    noted = Noted()
    tried = await predict(runtime.predictor, "a", Ask("transit"))
    assert tried.answer is None
    assert tried.error is not None
    assert names(tried)[:3] == ["lookup", "claim", "preprocess"]
    assert noted.answers == {("1", "request", "error", tried.error.slug): 1}
