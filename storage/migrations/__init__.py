"""The versions of the tables, in order; run by `storage.schema`, never by hand."""
