"""Telling what is wrong with a contact together with what else is wrong, at once."""

from pro_app.errors import InputRejected
from pro_app.services.contact_details import parse_contact
from pro_app.web.clinic.forms import ContactForm
from pro_app.web.problems import show_problems


def show_contact_problems(form: ContactForm) -> None:
    """Put what is wrong with e-mail and telephone at their fields, in a form that was refused anyway."""
    try:
        parse_contact(email=form.email.data, telephone=form.telephone.data, zone=form.zone.data or "")
    except InputRejected as rejected:
        show_problems(form, rejected)
