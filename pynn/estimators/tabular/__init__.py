"""Networks for tables as estimators."""
