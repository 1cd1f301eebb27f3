"""Puts the parts together: settings, stores, faces; one transaction per request."""

from pathlib import Path

from flask import Flask, g, request
from flask.typing import ResponseReturnValue
from flask_compress import Compress
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from pro_app.clock import Clock, system_clock
from pro_app.contacts.vault import ContactVault
from pro_app.services.production.gate import require_gate_of
from pro_app.settings import Settings
from pro_app.storage.database import open_database
from pro_app.web import (
    access,
    admin,
    api,
    auth,
    clinic,
    health,
    hooks,
    participant,
    questionnaire,
    statistician,
    tablet,
)
from pro_app.web import demo as demo_pages
from pro_app.web import request as this
from pro_app.web.addresses import init_addresses
from pro_app.web.assets import init_assets
from pro_app.web.errors import init_errors
from pro_app.web.locale import init_locale
from pro_app.web.principals import FaceSessionInterface, init_principals
from pro_app.web.security_headers import init_security_headers

TRANSLATIONS = Path(__file__).parents[1] / "translations"
LARGEST_REQUEST = 2 * 1024 * 1024
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FACES = (auth, participant, questionnaire, tablet, clinic, statistician, admin, api, health)


class Application(Flask):
    """Flask with one transaction around each view: returning commits, raising rolls back."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Check text and access, then run the view in its transaction; a GET can change nothing."""
        database = this.parts().database
        this.check_text()
        access.check_access()
        reading = request.method in READING_METHODS
        with database.reading() if reading else database.writing() as g.session:
            return super().dispatch_request()


def create_app(settings: Settings, *, clock: Clock = system_clock) -> Flask:
    """Make the WSGI application of one installation.

    Raises ProductionRefused if a study is in production and lacks what it needs.
    """
    app = Application("pro_app", static_folder="web/static", template_folder="web/templates")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        SEND_FILE_MAX_AGE_DEFAULT=31536000,
        COMPRESS_MIN_SIZE=400,
        COMPRESS_BR_LEVEL=5,  # from here on small files come out a tenth smaller, at hardly any more time
    )
    require_gate_of(settings, today=clock().date())
    app.extensions[this.EXTENSION] = this.Parts(
        settings,
        open_database(settings.database_url),
        vault=ContactVault(open_database(settings.contacts_database_url), settings.contacts_key),
        clock=clock,
    )
    app.session_interface = FaceSessionInterface()
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    csrf = CSRFProtect(app)
    Compress(app)
    for init in (init_addresses, init_principals, init_errors, init_security_headers, init_assets):
        init(app)
    init_locale(app, str(TRANSLATIONS))
    if settings.trusted_proxies:  # else everybody would seem to sit at the proxy and share its sign-in tries
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies)  # type: ignore[method-assign]  # as Flask advises
    for face in FACES + ((demo_pages,) if settings.demo else ()):
        app.register_blueprint(face.blueprint)
    if settings.hook_secret is not None:
        csrf.exempt(hooks.blueprint)  # a program has no session; the shared secret stands in its place
        app.register_blueprint(hooks.blueprint)
    return app
