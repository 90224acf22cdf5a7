"""The JSON API, server-sent events, live view and the built front end."""
