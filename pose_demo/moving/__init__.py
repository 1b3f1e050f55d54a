"""Moving pictures: a video through two networks, people followed from frame to frame, and a webcam's frames."""
