"""Earlier paper forms of the own site, from a table: checked first, then filed row by row."""

from base64 import b64encode
from io import StringIO

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, lazy_gettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired, FileSize
from wtforms import BooleanField

from pro_app.errors import InputRejected, NotFound
from pro_app.services.answer_import.importing import (
    ImportReport,
    import_rows,
    read_import,
)
from pro_app.services.answer_import.records import (
    ImportSource,
    begin_import,
    finish_import,
    list_imports,
    name_import,
)
from pro_app.services.answer_import.rows import ImportTask
from pro_app.services.answer_import.tables import write_rejects, write_template
from pro_app.services.sites import load_site
from pro_app.services.table_files import LARGEST_FILE, TableFile
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.problems import problem_words, show_problems

MOST_ROWS = 200
"""What one page can file while somebody waits; `pro-app import-answers` takes more."""
TRIED = "import:tried"
ROLES = ("nurse", "investigator")


class ImportForm(FlaskForm):
    """A table, and whether it is only to be checked."""

    file = FileField(
        lazy_gettext("Table of paper forms (CSV or XLSX)"),
        description=lazy_gettext("One row a questionnaire, at most %(rows)s rows.", rows=MOST_ROWS),
        validators=[
            FileRequired(lazy_gettext("Choose a file.")),
            FileSize(LARGEST_FILE, message=lazy_gettext("The file is too large.")),
        ],
    )
    only_check = BooleanField(
        lazy_gettext("Only check it"),
        description=lazy_gettext("Nothing is filed. Without this tick every row without a fault is filed."),
        default=True,
    )


@blueprint.get("/clinic/import")
@access.staff(*ROLES)
def imports() -> ResponseReturnValue:
    """Show how earlier paper forms are handed in, and what was."""
    return _render(ImportForm())


@blueprint.get("/clinic/import/table.csv")
@access.staff(*ROLES)
def import_table() -> ResponseReturnValue:
    """Hand out the table to fill in: the forms of the own site that may be on paper."""
    site_id = _own_site_id()
    text = write_template(this.session(), actor=this.actor(), site_id=site_id, now=this.now())
    headers = {"Content-Disposition": 'attachment; filename="questionnaires-papier.csv"'}
    return Response(text, mimetype="text/csv", headers=headers)


@blueprint.post("/clinic/import")
@access.staff(*ROLES)
def import_answers() -> ResponseReturnValue:
    """Check a table, or file its rows, and say what came of each."""
    form = ImportForm()
    if not form.validate_on_submit():
        return _render(form, status=400)
    content = form.file.data.read()
    try:
        table = read_import(content, most_rows=MOST_ROWS)
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(form, status=400)
    if form.only_check.data:
        return _render(form, table, _import(table, TRIED, keeps=False), tried=True)
    site_id, now, database = _own_site_id(), this.now(), this.parts().database
    source = ImportSource(this.staff().study_id, site_id, form.file.data.filename or "", content)
    with database.writing() as session:
        number = begin_import(session, source, actor=this.actor(), now=now)
    report = _import(table, name_import(number), keeps=True)
    with database.writing() as session:
        finish_import(session, number, report, actor=this.actor(), now=now)
    return _render(ImportForm(formdata=None), table, report)


def _import(table: TableFile, name: str, *, keeps: bool) -> ImportReport:
    """File each row in a transaction of its own, as the command does, before the request's own one begins.

    Whoever answers at the site meanwhile then waits for one row at most, and nobody for each other.
    """
    language = str(get_locale())
    task = ImportTask(this.staff().study_id, name, this.actor(), this.now(), language=language)
    return import_rows(table, task, open_row=this.parts().database.writing, keeps=keeps)


def _render(
    form: ImportForm,
    table: TableFile | None = None,
    report: ImportReport | None = None,
    *,
    tried: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    site_id, study_id = _own_site_id(), this.staff().study_id
    site = load_site(this.session(), site_id, actor=this.actor())
    page = render_template(
        "clinic/import.html",
        form=form,
        report=report,
        tried=tried,
        say=problem_words,
        rejects=_write_rejects(table, report) if table and report and report.rejected else None,
        earlier=list_imports(this.session(), study_id=study_id, site_id=site_id),
        zone=site.zone,
    )
    return page, status


def _write_rejects(table: TableFile, report: ImportReport) -> str:
    """Write the rejected rows into the link itself: answers are kept nowhere for being fetched later."""
    text = StringIO(newline="")
    write_rejects(text, table.columns, report.rejected, say=problem_words)
    return f"data:text/csv;charset=utf-8;base64,{b64encode(text.getvalue().encode()).decode()}"


def _own_site_id() -> int:
    site_id = this.staff().site_id
    if site_id is None:
        raise NotFound("site")
    return site_id
