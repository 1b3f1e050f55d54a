"""The two networks, and what both share. Imports torch and numpy, never gradio, OpenCV or MMPose."""
