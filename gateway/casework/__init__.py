"""What a verdict means: cases, deadlines and the answers of the platform."""
