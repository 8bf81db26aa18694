"""Signing in by a key, or a token, and out again."""

from typing import Annotated

from fastapi import Query, Request, Response

from app.api.deps import RuntimeDep, SettingsDep
from app.api.entry.admission import holder
from app.core.errors import Unauthorized
from app.dashboard import paths, session
from app.dashboard.faults import redirect
from app.dashboard.rendering import page
from app.dashboard.routes import Form, pages

router = pages()

TOO_LONG = "This cannot be kept by a browser: it is too long, or has characters that no key has."


@router.get(paths.SIGN_IN)
async def show_sign_in(
    request: Request,
    settings: SettingsDep,
    next_path: Annotated[str, Query(alias="next")] = paths.OVERVIEW,
    ended: bool = False,
) -> Response:
    fault = "Your key is not valid any more: it has expired, or was revoked." if ended else None
    return _asking(request, next_path, fault, takes_tokens=settings.oidc_issuer is not None)


@router.post(paths.SIGN_IN)
async def sign_in(request: Request, settings: SettingsDep, runtime: RuntimeDep, form: Form) -> Response:
    """The key is looked up as that of any request, and counts as one."""
    key, led_to = form.get("key", "").strip(), paths.own(form.get("next", ""))
    takes_tokens = settings.oidc_issuer is not None
    if not session.VALUE.fullmatch(key.encode()):
        fault = TOO_LONG if key else "Enter a key."
        return _asking(request, led_to, fault, takes_tokens=takes_tokens, status=401)
    try:
        await holder(runtime, key)
    except Unauthorized as error:
        return _asking(request, led_to, error.detail, takes_tokens=takes_tokens, status=401)
    answer = redirect(led_to)
    answer.headers["set-cookie"] = session.cookie_of(request.scope).keeping(key)
    return answer


@router.post(paths.SIGN_OUT)
async def sign_out(request: Request) -> Response:
    """Have the browser forget the key; the key itself stays valid."""
    answer = redirect(paths.SIGN_IN)
    answer.headers["set-cookie"] = session.cookie_of(request.scope).ending
    return answer


def _asking(
    request: Request, led_to: str, fault: str | None, *, takes_tokens: bool, status: int = 200
) -> Response:
    """The form; what was entered before is not in it."""
    shown = {"led_to": paths.own(led_to), "fault": fault, "takes_tokens": takes_tokens}
    return page(request, "signing_in/form.html", status=status, **shown)
