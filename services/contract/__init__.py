"""The contract of a service: an AsyncAPI document, and the page that people read."""
