"""pro_app: electronic patient-reported outcomes for clinical trials."""
