"""The command line's doors: one command group per file, imported when it is used."""
