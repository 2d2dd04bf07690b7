import os

from hypothesis import settings

# An example that takes long on a busy machine is not a failure. CI draws the same examples each
# time: it judges a change, not the luck of the draw; everywhere else new ones are tried.
settings.register_profile("triage", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("triage")

# Java's slower compiler would take two of the seven seconds of a Kafka that lives for a test.
os.environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1"
