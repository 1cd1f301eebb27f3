"""The pages of sites: all of them, a new one, and what is known about one."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import SelectChoice

from pro_app.errors import InputRejected
from pro_app.services.sites import SiteDetails, count_by_site, load_site, save_site
from pro_app.services.studies import load_current_protocol
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.face import blueprint
from pro_app.web.admin.forms import SiteForm
from pro_app.web.problems import show_problems
from pro_app.web.zone_names import zone_name


@blueprint.get("/admin/")
@access.staff("administrator", "coordinator")
def sites() -> ResponseReturnValue:
    """Show every site of the study."""
    counts = count_by_site(this.session(), study_id=this.staff().study_id)
    return render_template("admin/sites.html", counts=counts)


@blueprint.get("/admin/sites/new")
@access.staff("administrator", "coordinator")
def new_site() -> ResponseReturnValue:
    """Show the empty form of a site."""
    return _render_form(_site_form())


@blueprint.post("/admin/sites/new")
@access.staff("administrator", "coordinator")
def add_site() -> ResponseReturnValue:
    """Add a site."""
    return _save(_site_form(), site_id=None)


@blueprint.get("/admin/sites/<int:site_id>")
@access.staff("administrator", "coordinator")
def edit_site(site_id: int) -> ResponseReturnValue:
    """Show the form of one site."""
    record = load_site(this.session(), site_id, actor=this.actor())
    return _render_form(_site_form(obj=record), site_id=site_id)


@blueprint.post("/admin/sites/<int:site_id>")
@access.staff("administrator", "coordinator")
def change_site(site_id: int) -> ResponseReturnValue:
    """Save what was corrected."""
    load_site(this.session(), site_id, actor=this.actor())
    return _save(_site_form(), site_id=site_id)


def _site_form(obj: object = None) -> SiteForm:
    """Make the form with the time zones of the study."""
    protocol = load_current_protocol(this.session(), this.staff().study_id)
    form = SiteForm(obj=obj)
    form.zone.choices = [SelectChoice(zone, zone_name(zone)) for zone in protocol.zones]
    return form


def _save(form: SiteForm, *, site_id: int | None) -> ResponseReturnValue:
    """Save the form, or show it again with what is wrong."""
    if not form.validate_on_submit():
        return _render_form(form, site_id=site_id, status=400)
    details = SiteDetails(
        study_id=this.staff().study_id,
        site_code=form.site_code.data,
        name=form.name.data,
        city=form.city.data,
        zone=form.zone.data,
        telephone=form.telephone.data,
        sender_label=form.sender_label.data,
        goes_live_on=form.goes_live_on.data,
        site_id=site_id,
    )
    try:
        site = save_site(this.session(), details, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_form(form, site_id=site_id, status=400)
    flash(gettext("Saved: %(site)s.", site=f"{site.name}, {site.city}"), "good")
    return redirect(url_for("admin.sites"))


def _render_form(form: SiteForm, *, site_id: int | None = None, status: int = 200) -> ResponseReturnValue:
    return render_template("admin/site.html", form=form, site_id=site_id), status
