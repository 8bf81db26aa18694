"""Signing in by a key, or a token, and out again."""

from typing import Annotated

from fastapi import Query, Request, Response

from app.api.deps import RuntimeDep, SettingsDep
from app.api.entry.admission import holder
from app.core.errors import Unauthorized
from app.core.settings import Settings
from app.dashboard import paths, session
from app.dashboard.faults import redirect
from app.dashboard.rendering import page
from app.dashboard.routes import Form, pages

router = pages()

NOT_KEPT = "This is no key: it is too long, or has characters that no key has."
ENDED = "Your key is not valid any more: it has expired, or was revoked."


@router.get(paths.SIGN_IN)
async def show_sign_in(
    request: Request,
    settings: SettingsDep,
    led_to: Annotated[str, Query(alias="next")] = paths.OVERVIEW,
    ended: bool = False,
    again: bool = False,
) -> Response:
    """To who comes from a page elsewhere the browser adds no cookie yet: it does to what that loads next."""
    if again and await _is_signed_in(request):
        return redirect(paths.own(led_to))
    if request.headers.get("sec-fetch-site") == "cross-site" and not again:
        return page(request, "signing_in/again.html", led_to=paths.own(led_to))
    return _asking(request, settings, led_to, ENDED if ended else None)


async def _is_signed_in(request: Request) -> bool:
    key = session.key_in(request.scope)
    try:
        return key is not None and bool(await holder(request.app.state.runtime, key.decode()))
    except Unauthorized:
        return False


@router.post(paths.SIGN_IN)
async def sign_in(request: Request, settings: SettingsDep, runtime: RuntimeDep, form: Form) -> Response:
    """The key is looked up as that of any request, and counts as one."""
    key, led_to = form.get("key", "").strip(), form.get("next", "")
    if not session.VALUE.fullmatch(key.encode()):
        return _asking(request, settings, led_to, NOT_KEPT if key else "Enter a key.", status=401)
    try:
        await holder(runtime, key)
    except Unauthorized as error:
        return _asking(request, settings, led_to, error.detail, status=401)
    answer = redirect(paths.own(led_to))
    answer.headers["set-cookie"] = session.cookie_of(request.scope).keeping(key)
    return answer


@router.post(paths.SIGN_OUT)
async def sign_out(request: Request) -> Response:
    """Have the browser forget the key; the key itself stays valid."""
    answer = redirect(paths.SIGN_IN)
    answer.headers["set-cookie"] = session.cookie_of(request.scope).ending
    return answer


def _asking(
    request: Request, settings: Settings, led_to: str, fault: str | None, *, status: int = 200
) -> Response:
    """The form; what was entered before is not in it."""
    shown = {"led_to": paths.own(led_to), "fault": fault, "takes_tokens": settings.oidc_issuer is not None}
    return page(request, "signing_in/form.html", status=status, **shown)
