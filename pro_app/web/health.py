"""`/healthz`: whether this installation lives, for programs that watch it."""

from importlib.metadata import version

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from pro_app.services.health import check_health
from pro_app.web import access
from pro_app.web import request as this

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@access.public
def healthz() -> ResponseReturnValue:
    """Tell status, version, database and the worker's last sign of life."""
    health = check_health(this.session())
    body = {
        "status": "ok" if health.database == "ok" else "error",
        "version": version("pro-app"),
        "database": health.database,
        "worker_heartbeat_at": health.worker_heartbeat_at.isoformat() if health.worker_heartbeat_at else None,
    }
    return jsonify(body), 200 if body["status"] == "ok" else 503
