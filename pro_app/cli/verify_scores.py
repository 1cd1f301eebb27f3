"""`pro-app verify-scores`: computes every stored score again in both ways and names every difference."""

import csv
import sys

import click
from sqlalchemy.orm import Session

from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import translate, translate_plural
from pro_app.language import mark, mark_plural
from pro_app.services.dataset import open_snapshot
from pro_app.services.score_verification import KEYS, count_participants_to_verify, verify_scores
from pro_app.services.studies import list_studies
from pro_app.settings import Settings
from pro_app.storage.tables.studies import Study

SCORES_DIFFER = 3
_HEADER = ("study", *KEYS, "scale", "detail", "stored", "exact", "vectorised")


@click.command(
    "verify-scores",
    help=mark(
        "Compute every stored score again from its answers, by fractions and by the vectorised scoring, "
        "and compare value, raw score, counts, reason and definition. Each difference is a line of CSV on "
        "standard output: what is stored, and what both computations give. Nothing is changed. "
        "Exit status: 0 no difference, 2 unusable arguments, 3 some scores differ."
    ),
)
@click.option("--study", "study_code", help=mark("Only this study; by default all of them."))
@click.pass_context
def verify_scores_command(context: click.Context, study_code: str | None) -> None:
    """Verify and list; nothing is printed on standard output where all scores agree."""
    settings = Settings.from_env()
    with opened_database(settings.database_url) as database, open_snapshot(database) as session:
        studies = [choose_study(session, study_code)] if study_code else list_studies(session)
        scores, differences = _verify_studies(session, studies)
    counts = (
        (scores, mark_plural("%(count)s score checked", "%(count)s scores checked")),
        (differences, mark_plural("%(count)s difference", "%(count)s differences")),
    )
    click.echo(", ".join(translate_plural(*forms, count) for count, forms in counts), err=True)
    if differences:
        context.exit(SCORES_DIFFER)


def _verify_studies(session: Session, studies: list[Study]) -> tuple[int, int]:
    """Verify studies, printing each difference as it is found; gives the numbers of scores and of these."""
    people = count_participants_to_verify(session, [study.id for study in studies])
    table = csv.writer(sys.stdout, lineterminator="\n")
    scores = differences = 0
    label = translate(mark("Scores"))
    with click.progressbar(length=people, label=label, file=sys.stderr, show_eta=False) as bar:
        for study in studies:
            for batch in verify_scores(session, study.id):
                bar.update(batch.participants)
                if batch.differences and not differences:
                    table.writerow(_HEADER)
                table.writerows(
                    (study.study_code, *d.key, d.scale, d.detail, d.stored, d.exact, d.vectorised)
                    for d in batch.differences
                )
                scores += batch.scores
                differences += len(batch.differences)
    return scores, differences
