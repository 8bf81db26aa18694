"""What the chart does not take: more connections than the database has, and what is missing or wrong."""

import pytest

from tests.support.charts import CHART, needs_helm, refusal, rendered

pytestmark = needs_helm
MINIMAL = CHART / "ci" / "minimal.yaml"


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ((), 3 * 11 + 2 * 12 + 10),
        (("--set", "database.keptFree=0,worker.replicas=0"), 3 * 11),
        (("--set", "api.processes=3,settings.DATABASE_POOL_SIZE=5"), 3 * 3 * 6 + 2 * 7 + 10),
        (("--set", "api.autoscaling.enabled=true,api.autoscaling.maxReplicas=9"), 10 * 11 + 24 + 10),
        (("--set", "settings.DATABASE_POOLER=true"), 3 + 2 * 2 + 10),
    ],
)
def test_a_release_that_wants_too_many_connections_is_refused(options: tuple[str, ...], most: int) -> None:
    rendered(MINIMAL, *options, "--set", f"database.maxConnections={most}")
    said = refusal(MINIMAL, *options, "--set", f"database.maxConnections={most - 1}")
    assert f"database.maxConnections is {most - 1}, and this release may want {most} connections" in said


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("image.repository=", "image.repository is missing"),
        ("database.secret=", "database.secret is missing"),
        ("api.autoscaling.enabled=true,api.autoscaling.minReplicas=9", "minReplicas is 9, more than"),
        ("settings.DATABASE_URL=postgresql://a", "'DATABASE_URL' not allowed"),
    ],
)
def test_what_is_missing_or_wrong_is_named(option: str, said: str) -> None:
    assert said in refusal(MINIMAL, "--set", option)
