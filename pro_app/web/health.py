"""`/healthz`: whether this installation lives, for programs that watch it."""

from importlib.metadata import version

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from pro_app.services.health import check_health
from pro_app.services.sending_overview import count_late
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.demo.filling import find_filling

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@access.public
def healthz() -> ResponseReturnValue:
    """Tell status, version, database, the workers' last sign of life, who leads, and what is late.

    A demonstration whose past is still being filled says how far it is, and counts as late what was not sent
    by the day that it has come to.
    """
    health = check_health(this.session(), now=this.now())
    body: dict[str, str | int | None] = {
        "status": "ok" if health.database == "ok" else "error",
        "version": version("pro-app"),
        "database": health.database,
        "worker": health.worker,
        "worker_heartbeat_at": health.worker_heartbeat_at.isoformat() if health.worker_heartbeat_at else None,
        "leader_term": health.leader_term,
        "late_messages": health.late_messages,
    }
    filling = find_filling()
    if filling is not None and health.database == "ok":
        body["demo_filled_percent"] = filling.percent
        body["late_messages"] = count_late(this.session(), now=filling.reached_at or this.now())
    return jsonify(body), 200 if body["status"] == "ok" else 503
