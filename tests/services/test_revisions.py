"""The background refresh of revisions."""

from app.core.settings import Settings
from app.main import create_app
from app.services import models, revisions
from app.services.inference import Inference
from app.services.prediction import Ask, Predictor
from tests.support.aws_stub import Answer, AwsStub, Request, error, reply
from tests.support.orders import answer_ten_times, prepare

ASK = Ask(model="transit")


def deployed(config: str, request: Request) -> Answer:
    """The control plane and the runtime of an endpoint whose configuration has this name."""
    if request.operation == "DescribeEndpoint":
        return reply({"EndpointStatus": "InService", "EndpointConfigName": config})
    return answer_ten_times(request)


async def refresh(predictor: Predictor) -> None:
    inference = Inference(predictor.settings)
    await revisions.refresh(predictor.database, inference, age=0)
    await inference.aclose()


async def live_revision(predictor: Predictor) -> str:
    return (await models.get(predictor.database.transactions, "transit")).versions[0].revision


async def test_a_swap_on_the_platform_makes_old_answers_stale(settings: Settings, aws: AwsStub) -> None:
    app = create_app(settings)
    aws.respond = lambda request: deployed("one", request)
    async with app.router.lifespan_context(app):
        predictor: Predictor = app.state.predictor
        await prepare(predictor)
        assert (await predictor.predict("a", ASK)).cache == "MISS"

        await refresh(predictor)
        assert (await predictor.predict("a", ASK)).cache == "HIT"

        aws.respond = lambda request: deployed("two", request)
        await refresh(predictor)
        swapped = await predictor.predict("a", ASK)
        assert swapped.cache == "MISS"
        assert "two" in swapped.revision

        aws.respond = lambda request: error("ServiceUnavailable", 503)
        await refresh(predictor)
        assert "two" in await live_revision(predictor)

        aws.respond = lambda request: deployed("one", request)
        await refresh(predictor)
        assert (await predictor.predict("a", ASK)).cache == "HIT"
