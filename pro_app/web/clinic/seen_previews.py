"""The preview that somebody has seen, on its way through the page: its fingerprint, signed by us."""

from itsdangerous import BadSignature, URLSafeSerializer

from pro_app.services.plan_previews.model import PlanPreview
from pro_app.web import request as this

NEVER_SEEN = "-"
"""No fingerprint is this: what was not signed by us was not seen."""


def sign_preview(preview: PlanPreview) -> str:
    """Write the fingerprint as text that only this installation can make, and only for this person."""
    return _serializer().dumps([this.actor().account_id, preview.fingerprint])


def read_seen(text: str | None) -> str:
    """Read what `sign_preview` wrote for the same person; anything else was never seen."""
    try:
        account_id, fingerprint = _serializer().loads(text or "")
    except (BadSignature, ValueError, TypeError):
        return NEVER_SEEN
    return str(fingerprint) if account_id == this.actor().account_id else NEVER_SEEN


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(this.parts().settings.secret_key, salt="plan-preview")
