"""The lists of values of the SDTM datasets, some of them made of the protocol and the instruments.

Codes of the NCI Thesaurus stand only where they are known for certain.
"""

from collections.abc import Iterable, Iterator, Mapping

from pro_app.exports.cdisc.codelist import Codelist, Term
from pro_app.exports.cdisc.sdtm.dm import COUNTRIES
from pro_app.exports.cdisc.sdtm.ds import CATEGORIES, SUBCATEGORIES, TERMS, list_decodes
from pro_app.exports.cdisc.sdtm.qs_levels import option_list_code
from pro_app.exports.cdisc.sdtm.qs_rows import NOT_APPLICABLE, NOT_DONE
from pro_app.exports.cdisc.sdtm.questions import (
    WHOLE_FORM,
    WHOLE_FORM_NAME,
    Question,
    category_of,
    list_option_words,
    list_questions,
)
from pro_app.exports.cdisc.sdtm.subjects import FOLLOW_UP, SCREENING, TREATMENT
from pro_app.exports.cdisc.sdtm.suppqs import QUALIFIERS
from pro_app.exports.cdisc.sdtm.treatment_ends import ENDING_EVENTS
from pro_app.exports.release import Release

_DOMAINS = {
    "DM": "Demographics",
    "DS": "Disposition",
    "EX": "Exposure",
    "QS": "Questionnaires",
    "SE": "Subject Elements",
    "SV": "Subject Visits",
    "TA": "Trial Arms",
    "TE": "Trial Elements",
    "TV": "Trial Visits",
}
_YES, _NO = Term("Y", "Yes", nci_code="C49488"), Term("N", "No", nci_code="C49487")


def list_sdtm_codelists(release: Release) -> tuple[Codelist, ...]:
    """List every list of values that a variable of the SDTM datasets names."""
    return (*_fixed_lists(), *_trial_lists(release), *_question_lists(release), *_option_lists(release))


def _fixed_lists() -> Iterator[Codelist]:
    for domain, label in _DOMAINS.items():
        terms = (Term(domain, label),)
        yield Codelist(f"DOMAIN.{domain}", f"SDTM Domain Abbreviation ({domain})", "text", terms, "C66734")
    yield Codelist("Y", "Yes Only", "text", (_YES,), "C66742")
    yield Codelist("NY", "No Yes Response", "text", (_NO, _YES), "C66742")
    yield Codelist("ND", "Not Done", "text", (Term(NOT_DONE, "Not Done", nci_code="C49484"),), "C66789")
    yield Codelist("AGEU", "Age Unit", "text", (Term("YEARS", "Year", nci_code="C29848"),), "C66781")
    sexes = (
        Term("F", "Female", nci_code="C16576"),
        Term("M", "Male", nci_code="C20197"),
        Term("U", "Unknown", nci_code="C17998"),
    )
    yield Codelist("SEX", "Sex", "text", sexes, "C66731")
    epochs = (SCREENING, TREATMENT, FOLLOW_UP)
    yield Codelist("EPOCH", "Epoch", "text", _terms({epoch: epoch.title() for epoch in epochs}), "C99079")
    yield Codelist("DSCAT", "Category for Disposition Event", "text", _plain(CATEGORIES), "C74558")
    yield Codelist("DSSCAT", "Subcategory for Disposition Event", "text", _plain(SUBCATEGORIES))
    # Terms of two published lists (milestones, completion) and our own: as a whole it is a list of ours.
    yield Codelist("DSDECOD", "Standardized Disposition Term", "text", _plain(TERMS))
    yield from _disposition_lists()
    yield Codelist(
        "ARMNRS", "Arm Null Reason", "text", _plain(("NOT ASSIGNED", "ASSIGNED, NOT TREATED")), "C142179"
    )
    yield Codelist("COUNTRY", "Country (ISO 3166-1 alpha-3)", "text", _plain(sorted(COUNTRIES.values())))
    yield Codelist("QNAM", "Qualifier Variable Name", "text", _terms(QUALIFIERS))


def _disposition_lists() -> Iterator[Codelist]:
    """Give the lists of DSDECOD by category; CDISC's NCOMPLT has no term for a new treatment."""
    decodes = list_decodes()
    reasons = tuple(Term(t, extended=t == ENDING_EVENTS["new_treatment"]) for t in decodes["NCOMPLT"])
    yield Codelist("PROTMLST", "Protocol Milestone", "text", _plain(decodes["PROTMLST"]), "C114118")
    yield Codelist("NCOMPLT", "Completion/Reason for Non-Completion", "text", reasons, "C66727")
    yield Codelist("DSOTHER", "Other Disposition Event", "text", _plain(decodes["DSOTHER"]))


def _trial_lists(release: Release) -> Iterator[Codelist]:
    arms = {arm.code: arm.label.text("en") for arm in release.protocol.arms}
    yield Codelist("ARMCD", "Arm Code", "text", _terms(arms))
    yield Codelist("ARM", "Arm", "text", _plain(dict.fromkeys(arms.values())))


def _question_lists(release: Release) -> Iterator[Codelist]:
    """Give test codes and names; a sponsor's code, name or category extends the list of CDISC.

    CDISC's names of questions belong to the questionnaires' owners. Those here are the words of the release
    and of this application: none is a term of the published list, also where its code is one.
    """
    questions: dict[str, Question] = {question.test_code: question for question in list_questions(release)}
    codes = [Term(q.test_code, q.test, extended=q.is_sponsors) for q in questions.values()]
    names = dict.fromkeys((*(q.test for q in list_questions(release)), WHOLE_FORM_NAME))
    whole = Term(WHOLE_FORM, WHOLE_FORM_NAME, extended=True)
    yield Codelist("QSTESTCD", "Question Short Name", "text", (*codes, whole), "C161619")
    named = tuple(Term(name, extended=True) for name in names)
    yield Codelist("QSTEST", "Question Name", "text", named, "C161618")
    categories = {category_of(w): w.instrument.cdisc_category is None for w in release.instruments}
    listed = tuple(Term(name, extended=own) for name, own in categories.items())
    yield Codelist("QSCAT", "Category of Question", "text", listed, "C100129")


def _option_lists(release: Release) -> Iterator[Codelist]:
    """Give the answers of each response set, in words and as codes, with and without NOT APPLICABLE."""
    for worded in release.instruments:
        instrument = worded.instrument
        words = list_option_words(worded)
        for response_set, na_allowed in sorted({(i.response_set, i.na_allowed) for i in instrument.items}):
            code = option_list_code(worded, response_set, na_allowed=na_allowed)
            label = f"{instrument.title}: answers {response_set}" + (
                " or not applicable" if na_allowed else ""
            )
            options = words[response_set]
            extra = (Term(NOT_APPLICABLE, "Not applicable"),) if na_allowed else ()
            said: dict[str, str] = {}
            for value, text in options.items():
                # Two options under the same words are one term with both codes.
                said[text] = f"{said[text]}, {value}" if text in said else str(value)
            coded = tuple(Term(str(value), text) for value, text in options.items())
            yield Codelist(code, label, "text", _terms(said) + extra)
            yield Codelist(f"QSSTRESC.{code}", f"{label} (codes)", "text", coded + extra)


def _terms(decodes: Mapping[str, str]) -> tuple[Term, ...]:
    return tuple(Term(value, decode) for value, decode in decodes.items())


def _plain(values: Iterable[str]) -> tuple[Term, ...]:
    return tuple(Term(value) for value in values)
