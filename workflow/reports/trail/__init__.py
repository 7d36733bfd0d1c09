"""The trail for people and programs outside: which entries, and one writer for each format. Reads only."""
