"""The endpoints under `/api`, one module a resource."""

from flask import Flask

from web.api import build_sessions, events, failed_jobs, jobs


def init_app(app: Flask) -> None:
    """Register them all."""
    for resource in (jobs, events, failed_jobs, build_sessions):
        app.register_blueprint(resource.api, url_prefix="/api")
