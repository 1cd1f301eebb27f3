"""The blueprint that the pages of this face register themselves on."""

from flask import Blueprint

blueprint = Blueprint("statistician", __name__, template_folder="templates")
