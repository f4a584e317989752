"""`/login`: operators come in with their key and leave with a cookie.

The cookie is signed and HttpOnly; it names the key by its hash, so a key that is
revoked is out at once.  Whatever a page posts carries a token of the session.
"""

import secrets
from hmac import compare_digest
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from models import keys
from models.keys import Scope
from web.callers import SESSION_KEY, demand, holding
from web.problems import Problem

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRFToken"
_LANDING = "monitor.jobs"

pages = Blueprint("login", __name__)


@pages.get("/login")
def form() -> str:
    """Show the form."""
    return render_template("login.html", next=_local(request.args.get("next")))


@pages.post("/login")
def enter() -> AnyResponse:
    """Check the key and begin a session."""
    refuse_forgery()
    key = request.form.get("key", "").strip()
    holder = holding(keys.digest(key))
    if holder is None or holder.scope < Scope.OPERATOR:
        page = render_template(
            "login.html", next=_local(request.form.get("next")), refused=True
        )
        return Response(page, HTTPStatus.FORBIDDEN)
    # Nothing from before the login goes on: no token somebody else may know.
    session.clear()
    session.permanent = True
    session[SESSION_KEY] = keys.digest(key).hex()
    return redirect(_local(request.form.get("next")), HTTPStatus.SEE_OTHER)


@pages.post("/logout")
def leave() -> AnyResponse:
    """End the session."""
    refuse_forgery()
    session.clear()
    return redirect(url_for("login.form"), HTTPStatus.SEE_OTHER)


@pages.app_context_processor
def offer_token() -> dict[str, object]:
    """Let templates write the token into their forms."""
    return {"csrf_token": csrf_token, "signed_in": g.get("caller") is not None}


def csrf_token() -> str:
    """Give this session's token; the first time, draw it."""
    token: str = session.setdefault("csrf", secrets.token_urlsafe(24))
    return token


def refuse_forgery() -> None:
    """Refuse a post that did not come from one of our pages."""
    sent = request.form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
    known = session.get("csrf", "")
    if not known or not compare_digest(sent.encode(), known.encode()):
        detail = "The form is from another session; load the page again."
        raise Problem(HTTPStatus.FORBIDDEN, detail)


def operators_only() -> AnyResponse | None:
    """Lead a browser to the login, and refuse forged posts; for `before_request`."""
    if g.get("caller") is None and request.method == "GET":
        return redirect(url_for("login.form", next=request.path))
    demand(Scope.OPERATOR)
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        refuse_forgery()
    return None


def _local(target: str | None) -> str:
    """Keep to our own pages: a link must not lead elsewhere after the login."""
    split = urlsplit(target or "")
    ours = not split.scheme and not split.netloc and split.path.startswith("/")
    clean = "\\" not in split.path and not split.path.startswith("//")
    return split.path if ours and clean else url_for(_LANDING)
