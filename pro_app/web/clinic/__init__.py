"""The clinic face."""

from flask import Blueprint

blueprint = Blueprint("clinic", __name__, template_folder="templates")
