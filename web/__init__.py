"""The web part: the HTTP API, the monitor and the dashboard.  It never runs a job."""

from datetime import timedelta

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from jobs.kit.logs import configure
from models.database import refuse_powerful_role, wait_until_up, web_engine
from models.settings import settings
from web import (
    api,
    callers,
    dashboard,
    headers,
    health,
    limits,
    login,
    metrics,
    monitor,
    openapi,
    problems,
)


def create_app() -> Flask:
    """Make the application.

    Waits for the database; raises TooPowerfulRoleError when its role would not be
    held back by row-level security.
    """
    configure(settings())
    wait_until_up(web_engine())
    refuse_powerful_role(web_engine(), "WEB_DATABASE_URL")
    app = _bare()
    # In this order a request is begun, its caller found, counted and let in.
    headers.init_app(app)
    app.before_request(callers.identify)
    limits.init_app(app)
    problems.init_app(app)
    api.init_app(app)
    for part in (health, metrics, openapi, login, monitor):
        app.register_blueprint(part.pages)
    dashboard.init_app(app)
    return app


class _SignedIn(SecureCookieSessionInterface):
    """The login's cookie: only over TLS where the request came over TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's
        return request.is_secure


def _bare() -> Flask:
    app = Flask("web")
    app.session_interface = _SignedIn()
    app.config.update(
        SECRET_KEY=settings().signing_key,
        MAX_CONTENT_LENGTH=settings().max_body_bytes,
        SESSION_COOKIE_NAME="nightwork",
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    return app
