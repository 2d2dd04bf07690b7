"""What Prometheus sees of signing in."""

from typing import Literal

from services.engine.metric import Counter, Metric

Outcome = Literal["signed-in", "no-role", "not-completed", "refused", "provider-away"]

SIGN_INS = Counter(
    "triage_desk_sign_ins_total",
    "Ends of signing in at the desk; `refused` are codes and tokens that prove nothing.",
    ["outcome"],
)

METRICS: tuple[Metric, ...] = (SIGN_INS,)
