"""One command a file: its options and what it prints. The work is done by the function that the page calls too."""
