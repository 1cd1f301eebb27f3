"""The study as HL7 FHIR R4: each instrument as a Questionnaire, each form as a QuestionnaireResponse."""
