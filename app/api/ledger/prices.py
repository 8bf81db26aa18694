"""What inferences of a model cost."""

from fastapi import APIRouter

from app.api.access.scopes import ADMIN, READ
from app.api.deps import CursorQuery, LimitQuery, SessionsDep
from app.api.http.problems import OF_BODIES, responses
from app.api.http.strict_route import StrictRoute
from app.schemas.ids import Name
from app.schemas.overview.prices import NewPrice, Price, PricePage
from app.services.overview import pricing

router = APIRouter(prefix="/models/{model}/prices", tags=["models"], route_class=StrictRoute)


@router.get("", summary="List a model's prices", responses=responses(), dependencies=[READ])
async def list_prices(
    model: Name, sessions: SessionsDep, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> PricePage:
    """Prices of a model and its versions, the last that were added first, page by page."""
    return await pricing.page(sessions, model, limit=limit, cursor=cursor)


@router.post(
    "", status_code=201, summary="Add a price", responses=responses(*OF_BODIES), dependencies=[ADMIN]
)
async def add_price(model: Name, new: NewPrice, sessions: SessionsDep) -> Price:
    """Say what inferences cost from an hour on, which may be over, or with a null `amount` that they have no
    price from then on.

    No price is ever changed or deleted: a later one takes its place. The overview goes by those in force.
    """
    return await pricing.add(sessions, model, new)
