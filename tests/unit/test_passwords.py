import pytest

from pro_app.services.passwords import (
    HASHER,
    check_password,
    hash_password,
    is_password,
    make_password,
    needs_new_hash,
)

LEAST_MEMORY_KIB = 19 * 1024


@pytest.mark.parametrize(
    "password",
    [
        "quatre chevaux bleus",
        "correct horse battery",
        "je pars demain matin",
        "Tz7#kQ9!vW2$mN5",
        "éléphants à vélo 42",
    ],
)
def test_a_long_phrase_of_any_composition_is_accepted(password: str) -> None:
    assert check_password(password, username="marie.martin") == []


@pytest.mark.parametrize(
    "password",
    [
        "",
        "court",
        "quatorze chars",
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababababababab",
        "123456789012345678",
        "abcdefghijklmnopqrst",
        "motdepassemotdepasse",
        "Mot-de-passe-2026-2026",
        "marie.martin.1234567890",
        "Marie Martin marie martin",
        "azertyazerty123456",
        "BienvenueBienvenue1",
        "x" * 201,
    ],
)
def test_a_short_or_guessable_password_is_refused(password: str) -> None:
    assert len(check_password(password, username="marie.martin")) == 1


def test_the_password_fits_its_hash_and_no_other_does() -> None:
    stored = hash_password("quatre chevaux bleus")

    assert is_password(stored, "quatre chevaux bleus")
    assert not is_password(stored, "quatre chevaux verts")
    assert not is_password(None, "quatre chevaux bleus")
    assert not is_password("no hash at all", "quatre chevaux bleus")


def test_the_same_letters_of_another_keyboard_fit() -> None:
    stored = hash_password("e\u0301le\u0301phants à vélo 42")

    assert is_password(stored, "éléphants à vélo 42")


def test_hashes_are_argon2id_with_at_least_the_published_minimum() -> None:
    stored = hash_password("quatre chevaux bleus")

    assert stored.startswith("$argon2id$")
    assert (HASHER.memory_cost >= LEAST_MEMORY_KIB, HASHER.time_cost >= 2) == (True, True)
    assert not needs_new_hash(stored)


def test_a_made_password_may_be_used_and_is_never_the_same() -> None:
    made = {make_password() for _ in range(5_000)}

    assert len(made) == 5_000
    assert all(check_password(password, username="marie.martin") == [] for password in made)
