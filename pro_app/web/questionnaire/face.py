"""The blueprint of the questionnaire face."""

from flask import Blueprint

blueprint = Blueprint("questionnaire", __name__, template_folder="templates")
