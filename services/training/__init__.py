"""Makes a model from labelled texts: features, fit, calibration, thresholds, figures."""
