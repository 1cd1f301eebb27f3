"""The steps of making a release in words, for whoever waits for it."""

from pro_app.language import mark

STEP_WORDS = {
    "read": mark("Reading the data"),
    "freeze": mark("Freezing the tables"),
    "csv": mark("Writing CSV"),
    "spss": mark("Writing SPSS"),
    "stata": mark("Writing Stata"),
    "sdtm": mark("Writing SDTM"),
    "adam": mark("Writing ADaM"),
    "odm": mark("Writing ODM"),
    "fhir": mark("Writing FHIR"),
    "codebook": mark("Writing the codebook"),
    "programs": mark("Writing the programs"),
    "remarks": mark("Writing the remarks"),
    "archive": mark("Closing the archive"),
}
"""By the code that the progress has."""
WHOLE = 100
"""The progress counts in percent."""
READING_SHARE = 40
"""How many percent of the time reading takes, roughly."""
