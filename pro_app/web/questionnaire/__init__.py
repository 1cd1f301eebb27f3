"""One item a screen, for every mode: own phone, ward tablet, interview."""

from pro_app.web.questionnaire import items, operations, sending, whole
from pro_app.web.questionnaire.face import blueprint

__all__ = ["blueprint", "items", "operations", "sending", "whole"]
