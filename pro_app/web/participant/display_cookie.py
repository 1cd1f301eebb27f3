"""How the present person reads the pages: from the sign-in, or from a cookie that a remembered device keeps.

The cookie holds two words of a closed list and nothing about the person, so that the page that asks for the
PIN is as readable as the others.
"""

from flask import Response, current_app, request
from flask_login import current_user
from markupsafe import Markup

from pro_app.services.display_settings import CONTRASTS, TEXT_SIZES
from pro_app.web.participant.device_cookie import LIFE, find_device_secret
from pro_app.web.participant.face import blueprint
from pro_app.web.principals import PARTICIPANT
from pro_app.web.tablet_reach import find_loan

COOKIE = "display"
USUAL = (TEXT_SIZES[0], CONTRASTS[0])


@blueprint.app_template_global()
def display_attributes() -> Markup:
    """Give the attributes of the page that its styles go by; none where everything is as usual."""
    text_size, contrast = _find_own() or _find_kept()
    size = Markup(' data-text="{}"').format(text_size) if text_size != USUAL[0] else Markup()
    return size + (Markup(' data-contrast="{}"').format(contrast) if contrast != USUAL[1] else Markup())


def keep_display(response: Response) -> Response:
    """Keep the signed-in person's choice on a remembered device, and on no other one."""
    own = _find_own()
    if own is None or find_loan() is not None:
        return response
    wanted = ".".join(own) if own != USUAL and find_device_secret() else None
    if request.cookies.get(COOKIE) == wanted:
        return response
    if wanted is None:
        response.delete_cookie(COOKIE)
    else:
        response.set_cookie(
            COOKIE,
            wanted,
            max_age=LIFE,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response


def _find_own() -> tuple[str, str] | None:
    """Find what the signed-in participant chose; None where nobody, or somebody else, is signed in."""
    if current_user and current_user.is_authenticated and current_user.kind == PARTICIPANT:
        return current_user.sign_in.text_size, current_user.sign_in.contrast
    return None


def _find_kept() -> tuple[str, str]:
    """Find what this device keeps; the usual where that is nothing that can be chosen."""
    text_size, _, contrast = request.cookies.get(COOKIE, "").partition(".")
    return (text_size, contrast) if text_size in TEXT_SIZES and contrast in CONTRASTS else USUAL
