"""Time of one question page inside the process, against a bare Flask page from a template of the same size.

Run it as `.venv/bin/python benchmarks/question_page.py`; benchmarks/README.md says how to read it.
"""

from http import HTTPStatus

from flask.testing import FlaskClient
from measuring.bare_apps import make_bare_page
from measuring.installations import make_settings, sign_people_in, temporary_folder
from measuring.rounds import Work, measure_in_turn

from pro_app.app import create_app
from pro_app.audit.actor import system_actor
from pro_app.services.questionnaire import load_questionnaire
from pro_app.storage.database import Database

ROUNDS = 15
PAGES = 40
KINDS = {"item with four options": False, "item with a row of seven": True}
"""Two kinds of item, by whether their options stand in a row."""


def main() -> None:
    """Measure each kind of screen and print its ratio."""
    with temporary_folder() as folder:
        settings = make_settings(f"sqlite:///{folder / 'main.sqlite'}", folder)
        ((assessment_id, cookie),) = sign_people_in(settings, 1)
        app = create_app(settings)
        client = app.test_client()
        client.set_cookie("participant", cookie)
        for name, is_row in KINDS.items():
            number = find_screen(app.extensions["pro_app"].database, assessment_id, is_row=is_row)
            path = f"/p/q/{assessment_id}/{number}"
            size = len(client.get(path).data)
            bare = make_bare_page(size).test_client()
            measured = measure_in_turn(
                loading(client, path), loading(bare, "/page"), rounds=ROUNDS, units=PAGES
            )
            name_and_size = f"question page, {name} ({size:,} bytes)"
            print(measured.write_line(name_and_size, ours="page", floor="bare Flask page"))


def find_screen(database: Database, assessment_id: int, *, is_row: bool) -> int:
    """Give the number of the first screen with an item of this kind."""
    with database.reading() as session:
        actor = system_actor("benchmark", "question_page")
        questionnaire = load_questionnaire(session, assessment_id=assessment_id, actor=actor)
        return next(screen.number for screen in questionnaire.item_screens if screen.is_row is is_row)


def loading(client: FlaskClient, path: str) -> Work:
    """Give the work of loading one page many times."""

    def load() -> None:
        for _ in range(PAGES):
            reply = client.get(path)
            if reply.status_code != HTTPStatus.OK or b'type="radio"' not in reply.data:
                raise RuntimeError(f"{path}: {reply.status}")

    return load


if __name__ == "__main__":
    main()
