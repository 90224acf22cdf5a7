"""Our own RTSP client: reads in batches, cuts access units, and takes them apart only when somebody asks."""
