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
    """Tell status, version, database, the workers' last sign of life, who leads, and what is late."""
    health = check_health(this.session(), now=this.now())
    body = {
        "status": "ok" if health.database == "ok" else "error",
        "version": version("pro-app"),
        "database": health.database,
        "worker": health.worker,
        "worker_heartbeat_at": health.worker_heartbeat_at.isoformat() if health.worker_heartbeat_at else None,
        "leader_term": health.leader_term,
        "late_messages": health.late_messages,
    }
    return jsonify(body), 200 if body["status"] == "ok" else 503
