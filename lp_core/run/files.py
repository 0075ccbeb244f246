"""Names of the files of a run, relative to the folder of the stage that writes them.

`WRITES` in `workflows/stage_parts.py` says which stage that is.
"""

from __future__ import annotations

WEIGHTS = "weights.safetensors"
FIRST_WEIGHTS = "first_weights.safetensors"
METRICS = "metrics.jsonl"
CHECKPOINTS = "checkpoints"
HISTORY = "history"

EVALUATION = "evaluation.json"
CLASSES = "classes.parquet"
PREDICTIONS = "predictions.parquet"
COMPARISON = "comparison.json"

EXEMPLARS = "exemplars.parquet"
CHANNELS = "channels.parquet"
PLACES = "places.npz"
RINGS = "rings.npz"
MAXIMA = "maxima.npy"
MAXIMA_IMAGES = "maxima_images.parquet"
LOWER_EXEMPLARS = "lower_exemplars.parquet"
CHANGES = "changes.parquet"
EVOLUTION = "evolution.parquet"
BIRTHS = "births.parquet"
EVOLUTION_LAYERS = "evolution_layers.parquet"
LAYER_BIRTHS = "layer_births.parquet"

TOLERANCE = "tolerance.npz"
RETENTION = "retention.npz"
EQUIVARIANCE = "equivariance.npz"

PANELS = "panels"
ATLAS = "atlas"
FEATURES = "features.parquet"
RANDOM_WEIGHTS = "random_weights"
STRIPS = "strips"
STRIP_TABLE = "strips.parquet"

SANITY = "sanity.parquet"
SANITY_PICTURES = "sanity"

MEASURES = "measures"
VALUES = f"{MEASURES}/values.parquet"
CHANNEL_MEASURES = f"{MEASURES}/channels.parquet"
GROUPING = f"{MEASURES}/grouping.parquet"
FIRING = f"{MEASURES}/firing.parquet"
ANGLES = f"{MEASURES}/angles.parquet"
LESION = f"{MEASURES}/lesion.parquet"
TOLERANCE_CURVES = f"{MEASURES}/tolerance.parquet"
RETENTION_CURVES = f"{MEASURES}/retention.parquet"
EQUIVARIANCE_ERRORS = f"{MEASURES}/equivariance.parquet"
TOLERANCE_SUMMARY = f"{MEASURES}/tolerance_summary.parquet"
PICTURES = f"{MEASURES}/pictures.parquet"
TWINS = f"{MEASURES}/twins.parquet"
EVOLUTION_MEASURES = f"{MEASURES}/evolution.parquet"
BIRTH_MEASURES = f"{MEASURES}/births.parquet"
DIFFERENCES = f"{MEASURES}/differences.parquet"
FINDINGS = "findings.json"

REPORT = "report"

SWEEP = "sweep.json"
SWEEP_TABLE = "sweep.parquet"
