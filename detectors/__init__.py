"""What is seen: pixels in, detections and scene readings out."""
