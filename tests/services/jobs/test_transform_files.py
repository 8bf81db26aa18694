"""The objects of a batch transform job, as the storage has them."""

from app.services.jobs.transform_files import TransformFiles
from app.services.runtime import Runtime


async def test_what_is_no_output_of_a_chunk_is_passed_by(runtime: Runtime) -> None:
    assert runtime.storage is not None
    files = TransformFiles(runtime.storage, "s3://bucket", 1, "run", "csv")
    for name in ("000002-ab.csv.out", "part/000003-cd.csv.out", "summary.csv.out", "-x.out", "000004-ef.csv"):
        await runtime.storage.put(f"transform/1/run/output/{name}", b"1")
    assert sorted(await files.outputs()) == [2, 3]
