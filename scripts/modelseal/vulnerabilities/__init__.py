"""The vulnerability gate: one Trivy report, judged."""
