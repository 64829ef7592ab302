"""Findings in the forms that CI reads: JUnit XML, GitHub annotations and job summary, SARIF."""
