"""Finding cameras and talking ONVIF to them."""
