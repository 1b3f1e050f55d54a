"""The demo: `python app.py`, then open the address that it prints. Also the entry point of a Hugging Face Space."""

import sys

from pose_demo.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["page", *sys.argv[1:]]))
