from hypothesis import settings

# An example that takes long on a busy machine is not a failure.
settings.register_profile("triage", deadline=None)
settings.load_profile("triage")
