"""Skops archives: estimators of scikit-learn as JSON, with their arrays beside it."""
