"""Files of text: what language they are in, and what a program that reads them would do."""
