"""The demo: `python app.py`, then open the address that it prints. Also the entry point of a Hugging Face Space."""

from pose_demo import page

if __name__ == "__main__":
    page.launch()
