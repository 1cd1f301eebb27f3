"""Corrections after a form was sent: asked for with evidence, decided by the investigator of the site."""
