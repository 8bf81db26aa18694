from sqlalchemy import text
from structlog.testing import capture_logs

from app.core.settings import Settings
from app.db.engine import Sessions
from app.services.records import records
from app.services.runtime import open_runtime
from app.services.upkeep import leftovers
from tests.support.orders import order
from tests.support.use_case import TRANSIT


async def test_records_of_another_use_case_are_told_at_start(settings: Settings, sessions: Sessions) -> None:
    async with open_runtime(settings) as runtime:
        for record_id in ("a", "b", "c"):
            await records.put(sessions, TRANSIT, record_id, order())
        with capture_logs() as logs:
            await leftovers.tell(runtime)
        assert logs == []
        async with sessions.begin() as session:
            await session.execute(text("update input_objects set payload = '{\"tenure\": 3}' where id > 'a'"))
        with capture_logs() as logs:
            await leftovers.tell(runtime)
    (said,) = logs
    assert (said["log_level"], said["records"]) == ("warning", 2)
    assert "python -m app records unfit" in said["hint"]
