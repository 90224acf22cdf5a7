"""What is kept: records, stores, evidence files, outbox and migrations."""
