"""The headers that every answer carries, and the fewer ones of files that are only parts of a page."""

from flask import Flask, Response, request

from pro_app.web.assets import pack_tightly

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
PART_HEADERS = {name: HEADERS[name] for name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy")}
"""A style, a script, a font or a picture of dots opens nothing by itself: its page's rules hold for it."""
PARTS = ("text/css", "text/javascript", "font/", "image/png", "application/manifest+json")
NEEDLESS = ("Content-Disposition", "Expires", "Last-Modified")
"""What Flask adds to a file, which has its name in the address, its age in Cache-Control, and an ETag."""


def init_security_headers(app: Flask) -> None:
    """Put the headers on every answer; pages are never stored, files are packed, and stored for a year."""

    def add_headers(response: Response) -> Response:
        is_file = request.endpoint == "static"
        if is_file:
            response = pack_tightly(response)
        is_part = is_file and (response.mimetype or "").startswith(PARTS)
        response.headers.update(PART_HEADERS if is_part else HEADERS)
        for name in NEEDLESS if is_part else ():
            response.headers.pop(name, None)
        if app.config["SESSION_COOKIE_SECURE"]:
            response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        if not is_file:
            response.headers["Cache-Control"] = "no-store"
        return response

    app.after_request(add_headers)
