"""Which worker watches which camera, and the worker process itself."""
