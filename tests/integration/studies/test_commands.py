import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from command_world import make_environment, make_runner
from conftest import APPLICATION_ROLE
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError
from staff_world import PASSWORD, PROTOCOL, build_staff_world

from pro_app.clock import system_clock
from pro_app.services.account_records import find_account
from pro_app.services.staff_directory import list_own_roles
from pro_app.storage.database import Database, open_database


@pytest.fixture
def env(database_url: str, contacts_url: str) -> dict[str, str]:
    """Give the settings of an installation with migrated stores."""
    return make_environment(database_url, contacts_url)


def run(env: dict[str, str], *arguments: str, typed: str = "") -> Result:
    return make_runner(env)(*arguments, typed=typed)


def create_account(env: dict[str, str], *more: str, password: str = PASSWORD) -> Result:
    return run(env, "create-account", "--username", "paul.petit", *more, typed=f"{password}\n")


def make_empty(folder: Path) -> dict[str, str]:
    """Give the settings of an installation whose stores are not made yet."""
    main, contacts = (f"sqlite:///{folder / name}.sqlite" for name in ("new", "contacts"))
    return make_environment(main, contacts)


def test_init_makes_both_stores_and_doing_it_again_changes_nothing(tmp_path: Path) -> None:
    env = make_environment(
        f"sqlite:///{tmp_path / 'new.sqlite'}", f"sqlite:///{tmp_path / 'contacts.sqlite'}"
    )

    first, second = run(env, "init"), run(env, "init")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.count("brought from –") == 2
    assert second.stdout.count("up to date") == 2
    assert run(env, "load-study", str(PROTOCOL)).exit_code == 0


def test_init_refuses_to_grant_on_sqlite(tmp_path: Path) -> None:
    env = make_environment(
        f"sqlite:///{tmp_path / 'new.sqlite'}", f"sqlite:///{tmp_path / 'contacts.sqlite'}"
    )

    answer = run(env, "init", "--grant-to", "someone")

    assert (answer.exit_code, "SQLite has no roles" in answer.stderr) == (2, True)


@pytest.fixture
def empty_postgres_url(postgres_owner_url: str, postgres_template: str) -> Iterator[str]:
    """Give the owner's address of an empty PostgreSQL database; the application's role exists."""
    assert postgres_template
    name = "test_init_command"
    engine = create_engine(postgres_owner_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_owner_url).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def test_init_grants_the_applications_role_all_but_changing_the_audit_trail(empty_postgres_url: str) -> None:
    env = make_environment(empty_postgres_url, empty_postgres_url)

    assert run(env, "init", "--grant-to", APPLICATION_ROLE).exit_code == 0
    assert run(env, "init", "--grant-to", "a role; DROP").exit_code == 2

    url = make_url(empty_postgres_url).set(username=APPLICATION_ROLE, password="test")
    application = open_database(url.render_as_string(hide_password=False))
    build_staff_world(application)
    for statement in (
        "DELETE FROM audit_entries",
        "UPDATE audit_payloads SET salt = 'x'",
        "DROP TABLE sites",
    ):
        with pytest.raises(ProgrammingError), application.engine.begin() as connection:
            connection.execute(text(statement))
    application.engine.dispose()


def test_a_study_is_loaded_and_its_first_administrator_made(env: dict[str, str], database: Database) -> None:
    loaded = run(env, "load-study", str(PROTOCOL))
    made = create_account(env, "--role", "administrator", "--display-name", "Paul Petit")

    assert (loaded.exit_code, "protocol 1.0, qlq-c30 3.0, qlq-ginet21 1.0" in loaded.stdout) == (0, True)
    assert (made.exit_code, made.stdout) == (0, "The account paul.petit was made, role administrator.\n")
    with database.reading() as session:
        account = find_account(session, "paul.petit")
        assert account is not None
        assert [held.role for held in list_own_roles(session, account_id=account.id, now=system_clock())] == [
            "administrator"
        ]


@pytest.mark.parametrize(
    "case",
    [
        (["--role", "nurse"], PASSWORD, "bound to one site"),
        (["--role", "nurse", "--site", "99"], PASSWORD, "There is no site “99”. Known: 01."),
        (["--role", "monitor", "--site", "01"], PASSWORD, "sees every site"),
        (["--role", "king"], PASSWORD, "king"),
        (["--role", "monitor", "--study", "other"], PASSWORD, "There is no study “other”. Known: reluth."),
        (["--role", "monitor"], "court", "at least 15 characters"),
        (["--role", "monitor"], "", "at least 15 characters"),
        (["--role", "monitor", "--language", "de"], PASSWORD, "de"),
    ],
)
def test_unusable_arguments_of_create_account_are_said_and_nothing_is_made(
    env: dict[str, str], database: Database, case: tuple[list[str], str, str]
) -> None:
    arguments, password, said = case
    build_staff_world(database)

    answer = create_account(env, *arguments, password=password)

    assert (answer.exit_code, said in answer.stderr) == (2, True)
    with database.reading() as session:
        assert find_account(session, "paul.petit") is None


def test_commands_before_the_first_study_say_what_to_do(env: dict[str, str], tmp_path: Path) -> None:
    answers = [
        create_account(env, "--role", "administrator"),
        run(env, "export", "--out", str(tmp_path / "x.zip")),
    ]

    assert [(a.exit_code, "run load-study first" in a.stderr) for a in answers] == [(2, True)] * 2


@pytest.mark.parametrize("content", [None, "code: x\n", "\ufeff\x00", "a: [1"])
def test_load_study_says_what_is_wrong_with_a_file(
    env: dict[str, str], tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "protocol.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    answer = run(env, "load-study", str(path))

    assert answer.exit_code == 2
    assert str(path) in answer.stderr
    assert "Traceback" not in answer.output


def test_export_writes_the_file_whole_and_says_so_in_the_audit_trail(
    env: dict[str, str], database: Database, tmp_path: Path
) -> None:
    build_staff_world(database)
    out = tmp_path / "dataset.zip"

    answer = run(env, "export", "--study", "RELUTH", "--out", str(out))

    assert answer.exit_code == 0
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["dataset.zip"]
    verified = run(env, "verify-audit-trail")
    assert (verified.exit_code, verified.stdout) == (0, "17 entries checked, 0 faults\n")


def test_an_export_that_cannot_be_written_hands_out_nothing(
    env: dict[str, str], database: Database, tmp_path: Path
) -> None:
    build_staff_world(database)
    entries = run(env, "verify-audit-trail").stdout

    answer = run(env, "export", "--out", str(tmp_path / "nowhere" / "dataset.zip"))

    assert (answer.exit_code, "there is no such file or folder" in answer.stderr) == (2, True)
    assert run(env, "verify-audit-trail").stdout == entries


def test_a_changed_entry_of_the_audit_trail_is_found(sqlite_url: str, contacts_url: str) -> None:
    database = open_database(sqlite_url)
    build_staff_world(database)
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_entries_no_update"))
        connection.execute(text("UPDATE audit_entries SET role = 'nobody' WHERE id = 3"))
    database.engine.dispose()

    answer = run(make_environment(sqlite_url, contacts_url), "verify-audit-trail")

    assert answer.exit_code == 2
    assert answer.stdout.endswith("16 entries checked, 1 fault\n")
    assert "was changed" in answer.stdout


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    env = make_empty(tmp_path)
    del env["PRO_APP_SECRET_KEY"]

    answer = run(env | {"PRO_APP_SECRET_KEY": ""}, "init")

    assert (answer.exit_code, "PRO_APP_SECRET_KEY" in answer.stderr) == (2, True)
