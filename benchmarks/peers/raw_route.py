"""A FastAPI application with a raw route: one SELECT a request, the JSON made by Postgres."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.peers.database import AS_JSON, MODEL, PIPELINE_VERSION, open_pool


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await open_pool()
    yield


async def predict(request: Request) -> Response:
    row = await request.app.state.pool.fetchrow(
        AS_JSON, MODEL, request.path_params["record_id"], PIPELINE_VERSION
    )
    if row is None:
        return Response(b"{}", 404, media_type="application/json")
    headers = {"X-Cache": "HIT", "ETag": f'"{row["id"]}"', "Age": str(row["age"])}
    return Response(row["item"], headers=headers, media_type="application/json")


app = FastAPI(lifespan=_lifespan)
app.router.add_route("/predict/{record_id}", predict, methods=["POST"])
