"""The statistician face."""

from flask import Blueprint

blueprint = Blueprint("statistician", __name__, template_folder="templates")
