"""How to read the files of a dataset, in French and English: one note a format."""

from dataclasses import dataclass

from pro_app.exports.codebook.missing_codes import MISSING_CODES
from pro_app.exports.row_limit import MOST_ROWS

_MISSING_FR = " ; ".join(f"{code.spss} et .{code.stata} : {code.fr}" for code in MISSING_CODES)
_MISSING_EN = "; ".join(f"{code.spss} and .{code.stata}: {code.en}" for code in MISSING_CODES)

_FRENCH_LIMIT = f"{MOST_ROWS:_}".replace("_", "\u202f")


@dataclass(frozen=True, slots=True)
class FormatNote:
    """What a note is about, and what it says."""

    about: str
    fr: str
    en: str


FORMAT_NOTES = (
    FormatNote(
        "CSV",
        "UTF-8, séparateur virgule, point décimal ; une cellule vide = pas de valeur ; 1 = oui, 0 = non ; "
        "dates AAAA-MM-JJ, moments en UTC. Un texte qui commencerait par = + - @ est précédé d’une "
        "apostrophe.",
        "UTF-8, separated by commas, decimal point; an empty cell = no value; 1 = yes, 0 = no; dates "
        "YYYY-MM-DD, moments in UTC. A text that would begin with = + - @ has an apostrophe before it.",
    ),
    FormatNote(
        "Parquet",
        "Types, libellés (fr, en) et codes dans le fichier : métadonnées « columns ».",
        "Types, labels (fr, en) and codes inside the file: its metadata “columns”.",
    ),
    FormatNote(
        "SPSS, Stata",
        "Libellés en français, dates et moments (UTC) véritables ; 0 = Non, 1 = Oui. Stata n’a pas de "
        f"libellés pour les codes en texte. Pas de fichier au-delà de {_FRENCH_LIMIT} lignes.",
        "Labels in French, real dates and moments (UTC); 0 = Non, 1 = Oui. Stata has no labels for codes "
        f"that are text. No file beyond {MOST_ROWS:,} rows.",
    ),
    FormatNote(
        "items.value",
        f"Pourquoi il n’y a pas de valeur : dans SPSS et Stata, un code manquant. {_MISSING_FR}.",
        f"Why there is no value: in SPSS and Stata, a missing code. {_MISSING_EN}.",
    ),
)
