"""The files of CDISC datasets: SAS XPT, Dataset-JSON and define.xml, one module each."""
