"""The blueprint of tablets on loan."""

from flask import Blueprint

blueprint = Blueprint("tablet", __name__, template_folder="templates")
