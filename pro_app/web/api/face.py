"""The blueprint that the routes for programs register themselves on."""

from flask import Blueprint

blueprint = Blueprint("api", __name__, url_prefix="/api")
