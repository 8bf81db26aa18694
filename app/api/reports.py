"""Reports of other jobs, brought in from the storage."""

from fastapi import APIRouter

from app.api.access.scopes import ADMIN
from app.api.deps import SessionsDep, StorageDep
from app.api.http.problems import OF_BODIES, responses
from app.api.http.strict_route import StrictRoute
from app.api.receiving.idempotency import KeyedRequest
from app.core.errors import StorageDown, StorageError
from app.schemas.reports import ImportedReports, ReportImport
from app.services.reports import importing

router = APIRouter(prefix="/evaluations", tags=["evaluations"], route_class=StrictRoute)


@router.post(
    "/import",
    summary="Import reports from the storage",
    responses=responses(*OF_BODIES, StorageError, StorageDown),
    dependencies=[ADMIN],
)
async def import_reports(
    wanted: ReportImport, sessions: SessionsDep, storage: StorageDep, keyed: KeyedRequest
) -> ImportedReports:
    """Bring in the CSV reports in a folder of the storage, as finished runs of the kind `report`.

    A report has a header, and either a line per run and slice with a column per metric, or the columns
    `metric` and `value`. `model`, `version`, `slice`, `bucket`, `n` and `evaluated_at` are optional: model,
    version and time come from the line, else from this request, else from the key, as
    `<prefix>/<model>/<version>/<timestamp>.csv`, the time at last from the file's date. The version must be
    registered. Where a cell holds no number (`NA`, `NaN`, `inf`, nothing) the value is null, with its reason.

    What cannot be used is listed with its line, and the rest goes in. The same files again change nothing.
    """
    return await importing.import_reports(sessions, storage, wanted, keyed=keyed)
