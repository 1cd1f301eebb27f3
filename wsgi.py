"""The WSGI entry point for a production server: `gunicorn wsgi:app`."""

from pro_app.app import create_app
from pro_app.settings import Settings

app = create_app(Settings.from_env())
