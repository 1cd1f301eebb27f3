"""The words of the remarks about the data, in French and English."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemarkWords:
    """What a remark says, and the table that it concerns most."""

    table: str
    fr: str
    en: str


WORDS: Mapping[str, RemarkWords] = {
    "empty_trial": RemarkWords(
        "participants",
        "Personne n’est encore inclus : toutes les tables sont vides.",
        "Nobody is enrolled yet: every table is empty.",
    ),
    "instrument_versions": RemarkWords(
        "items",
        "Plusieurs versions du questionnaire {instrument} ont été remplies : {versions} "
        "(version et nombre de questionnaires). Chacune est calculée selon sa propre définition ; "
        "un écart au score initial peut comparer deux versions.",
        "Several versions of the questionnaire {instrument} were answered: {versions} (version and number of "
        "forms). Each is scored by its own definition; a change from baseline may compare two versions.",
    ),
    "scoring_definitions": RemarkWords(
        "scores",
        "Les scores du questionnaire {instrument} viennent de plusieurs définitions du calcul : "
        "{definitions} (nom et nombre de questionnaires). Les écarts au score initial et les délais "
        "jusqu’à la détérioration ne comparent que des scores d’une même définition ; les moyennes les "
        "réunissent.",
        "The scores of the questionnaire {instrument} come from several scoring definitions: {definitions} "
        "(name and number of forms). Changes from baseline and times to deterioration compare scores of one "
        "definition only; means take them together.",
    ),
    "protocol_versions": RemarkWords(
        "participants",
        "Les personnes suivent plusieurs versions du protocole : {versions} (version et nombre de "
        "personnes).",
        "People follow several versions of the protocol: {versions} (version and number of people).",
    ),
    "provisional_dates": RemarkWords(
        "assessments",
        "Visites à date provisoire : {visits}. Leurs dates changeront quand l’évènement dont elles dépendent "
        "sera enregistré.",
        "Visits with provisional dates: {visits}. Their dates will change when the event that they count "
        "from is recorded.",
    ),
    "score_differences": RemarkWords(
        "scores",
        "Scores qui diffèrent entre leur valeur enregistrée et les deux calculs indépendants : {count}. "
        "Ces données ne doivent pas être analysées avant que l’origine en soit connue.",
        "Scores that differ between what is stored and the two independent computations: {count}. "
        "These data must not be analysed before the cause is known.",
    ),
    "data_objection": RemarkWords(
        "participants",
        "Opposition à l’utilisation des données : le promoteur décide ce qui doit être retiré de l’analyse.",
        "Objection to the use of data: the sponsor decides what is to be left out of the analysis.",
    ),
    "left_on_enrolment": RemarkWords(
        "participants",
        "Sortie de l’étude ou arrêt des questionnaires le jour de l’inclusion.",
        "Left the trial or stopped the questionnaires on the day of enrolment.",
    ),
    "died_before_first_visit": RemarkWords(
        "participants",
        "Décès avant la première visite, ou le même jour.",
        "Died before the first visit, or on its day.",
    ),
    "no_answer": RemarkWords(
        "items",
        "Aucune réponse de cette personne.",
        "No answer from this person.",
    ),
    "no_baseline": RemarkWords(
        "scores",
        "Aucun score initial : les écarts au score initial sont vides.",
        "No baseline score: changes from baseline are empty.",
    ),
    "two_baselines": RemarkWords(
        "scores",
        "Plusieurs questionnaires peuvent servir de score initial : pour chaque échelle, le dernier compte.",
        "Several forms can serve as baseline: of each scale the last one counts.",
    ),
    "late_baseline": RemarkWords(
        "assessments",
        "Questionnaire initial rempli après le tirage au sort : il ne sert pas de score initial.",
        "Baseline form answered after randomisation: it does not serve as baseline.",
    ),
    "after_death": RemarkWords(
        "assessments",
        "Réponses datées d’après le décès : elles ne comptent ni dans les moyennes ni dans le délai jusqu’à "
        "la détérioration. La date du décès ou celle des réponses est à vérifier.",
        "Answers dated after the death: they count neither in means nor in time to deterioration. The date "
        "of the death or that of the answers is to be checked.",
    ),
    "after_leaving": RemarkWords(
        "assessments",
        "Réponses datées d’après la sortie de l’étude : elles comptent comme les autres. La date de la "
        "sortie ou celle des réponses est à vérifier.",
        "Answers dated after the participant left the trial: they count like any others. The date of leaving "
        "or that of the answers is to be checked.",
    ),
    "received_late": RemarkWords(
        "assessments",
        "Réponses données dans la période et reçues après, d’un appareil sans réseau : elles comptent comme "
        "données à temps.",
        "Answers given within the window and received after it, from a device without a network: they count "
        "as given in time.",
    ),
    "clock_off": RemarkWords(
        "items",
        "L’horloge de l’appareil s’écartait de plus de 5 minutes : l’heure des réponses est corrigée de cet "
        "écart, l’heure de l’appareil est gardée à côté.",
        "The clock of the device was off by more than 5 minutes: the time of the answers is corrected by "
        "that, the time of the device is kept beside it.",
    ),
    "set_aside": RemarkWords(
        "assessments",
        "Réponses gardées hors du questionnaire : {count}. Elles sont arrivées trop tard, ou "
        "figurent sur une feuille de papier alors que la personne avait déjà répondu. Elles ne sont ni dans "
        "les items ni dans les scores ; l’historique des modifications les donne (answers.set_aside, "
        "paper.file).",
        "Answers kept beside the form: {count}. They came too late, or stand on a sheet of paper where the "
        "person had answered already. They are neither among the items nor in the scores; the audit trail "
        "has them (answers.set_aside, paper.file).",
    ),
    "conflicts": RemarkWords(
        "items",
        "Items répondus autrement sur un autre appareil ou par une autre personne : {count}. La dernière "
        "réponse donnée vaut ; l’historique des modifications donne les deux.",
        "Items answered differently on another device or by somebody else: {count}. The answer that was "
        "given last counts; the audit trail has both.",
    ),
    "unscheduled": RemarkWords(
        "assessments",
        "Réponses hors calendrier : elles n’appartiennent à aucune visite prévue.",
        "Answers outside the calendar: they belong to no planned visit.",
    ),
    "not_scored": RemarkWords(
        "scores",
        "Une autre personne a répondu à la place du participant : les réponses sont là, sans scores.",
        "Somebody else answered in the participant’s place: the answers are there, without scores.",
    ),
}
"""Remark code -> its words; `{…}` are filled in."""
