"""The blueprint of the participant face."""

from flask import Blueprint

blueprint = Blueprint("participant", __name__, template_folder="templates")
