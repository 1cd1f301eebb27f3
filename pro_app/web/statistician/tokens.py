"""Personal tokens for programs: list one's own, make one, end one."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from pro_app.errors import InputRejected
from pro_app.services.api_tokens import (
    LONGEST_LABEL,
    LONGEST_LIFE_DAYS,
    create_token,
    list_tokens,
    load_token,
    revoke_token,
)
from pro_app.services.releases.records import TAKERS
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.problems import show_problems
from pro_app.web.statistician.face import blueprint

USUAL_LIFE_DAYS = 90


class TokenForm(FlaskForm):
    """What a token is for and how long it opens anything."""

    label = StringField(
        lazy_gettext("What the token is for"),
        description=lazy_gettext("For example: R on my work computer."),
        validators=[
            InputRequired(lazy_gettext("Please say what the token is for.")),
            Length(max=LONGEST_LABEL),
        ],
    )
    days = IntegerField(
        lazy_gettext("How many days it is valid"),
        default=USUAL_LIFE_DAYS,
        validators=[
            InputRequired(lazy_gettext("Please say for how many days.")),
            NumberRange(1, LONGEST_LIFE_DAYS),
        ],
    )


@blueprint.get("/statistics/tokens")
@access.staff(*TAKERS)
def tokens() -> ResponseReturnValue:
    """List the person's own tokens, with the form for the next one."""
    return _render_list(TokenForm())


@blueprint.post("/statistics/tokens")
@access.staff(*TAKERS)
def make_token() -> ResponseReturnValue:
    """Make a token and show it, this once."""
    form = TokenForm()
    if not form.validate_on_submit():
        return _render_list(form, status=400)
    try:
        token = create_token(
            this.session(),
            label=form.label.data,
            days=form.days.data,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_list(form, status=400)
    return render_template(
        "statistician/new_token.html",
        token=token,
        label=form.label.data,
        releases_url=url_for("api.releases", _external=True),
    )


@blueprint.get("/statistics/tokens/<int:token_id>/revoke")
@access.staff(*TAKERS)
def confirm_revocation(token_id: int) -> ResponseReturnValue:
    """Ask whether to end a token."""
    record = load_token(this.session(), token_id=token_id, actor=this.actor())
    return render_template("statistician/revoke_token.html", token=record)


@blueprint.post("/statistics/tokens/<int:token_id>/revoke")
@access.staff(*TAKERS)
def end_token(token_id: int) -> ResponseReturnValue:
    """End a token at once."""
    revoke_token(this.session(), token_id=token_id, actor=this.actor(), now=this.now())
    flash(gettext("The token is revoked. Nothing can be read with it any more."), "good")
    return redirect(url_for("statistician.tokens"), code=303)


def _render_list(form: TokenForm, *, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "statistician/tokens.html",
        form=form,
        tokens=list_tokens(this.session(), actor=this.actor()),
        now=this.now(),
        description_url=url_for("api.description", _external=True),
    )
    return page, status
