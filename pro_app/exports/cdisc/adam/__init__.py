"""The analysis datasets ADSL, ADQS and ADTTE: what a statistician analyses, each row traced to its source."""
