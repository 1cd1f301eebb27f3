"""What there is to download, and the download."""

from flask import make_response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from pro_app.errors import InputRejected
from pro_app.services.dataset import (
    LONGEST_PURPOSE,
    build_dataset,
    describe_dataset,
    list_downloads,
    open_snapshot,
    record_download,
)
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.problems import show_problems
from pro_app.web.statistician.face import blueprint


class DownloadForm(FlaskForm):
    """What the data are for; it goes into the audit trail with the download."""

    purpose = StringField(
        lazy_gettext("What the data are for"),
        description=lazy_gettext("For example: data check before the meeting of March 2027."),
        validators=[
            InputRequired(lazy_gettext("Please say what the data are for.")),
            Length(max=LONGEST_PURPOSE),
        ],
    )


@blueprint.get("/statistics/")
@access.staff("statistician")
def dataset() -> ResponseReturnValue:
    """Say what there is to download, and who took what before."""
    return _render(DownloadForm())


@blueprint.post("/statistics/dataset")
@access.staff("statistician")
def download() -> ResponseReturnValue:
    """Make the dataset, keep its purpose and sum in the audit trail, and hand it out."""
    form = DownloadForm()
    if not form.validate_on_submit():
        return _render(form, status=400)
    study_id = this.staff().study_id
    try:
        # Made from a snapshot: the request's writing transaction would hold up everybody's answers.
        with open_snapshot(this.parts().database) as session:
            made = build_dataset(
                session,
                study_id=study_id,
                purpose=form.purpose.data,
                actor=this.actor(),
                now=this.now(),
            )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(form, status=400)
    record_download(this.session(), made, actor=this.actor(), now=this.now())
    response = make_response(made.content)
    response.mimetype = "application/zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    return response


def _render(form: DownloadForm, *, status: int = 200) -> ResponseReturnValue:
    study_id = this.staff().study_id
    page = render_template(
        "statistician/dataset.html",
        form=form,
        overview=describe_dataset(this.session(), study_id=study_id),
        downloads=list_downloads(this.session(), study_id=study_id),
        now=this.now(),
    )
    return page, status
