"""The classifier: which department an inquiry is for, and how sure the model is of it."""
