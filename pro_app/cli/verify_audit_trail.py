"""`pro-app verify-audit-trail`: checks that no entry of the audit trail was changed, lost or slipped in."""

import click

from pro_app.audit.verification import verify_audit_trail as check_trail
from pro_app.cli.stores import opened_database
from pro_app.cli.translation import translate, translate_plural
from pro_app.language import mark, mark_plural
from pro_app.settings import Settings

FAULTY = 2


@click.command(
    "verify-audit-trail",
    help=mark(
        "Check every entry of the audit trail against its chain. Prints the number of entries and each "
        "fault; exit status 0 intact, 2 if there is a fault."
    ),
)
@click.pass_context
def verify_audit_trail(context: click.Context) -> None:
    """Read every chain from its first entry on."""
    settings = Settings.from_env()
    with opened_database(settings.database_url) as database, database.reading() as session:
        entries, faults = check_trail(session)
    for fault in faults:
        message = mark("%(chain)s, entry %(sequence)s: %(what)s.")
        click.echo(translate(message, chain=fault.chain, sequence=fault.sequence, what=fault.what))
    counts = (
        (entries, mark_plural("%(count)s entry checked", "%(count)s entries checked")),
        (len(faults), mark_plural("%(count)s fault", "%(count)s faults")),
    )
    click.echo(", ".join(translate_plural(*forms, count) for count, forms in counts))
    if faults:
        context.exit(FAULTY)
