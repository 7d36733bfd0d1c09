"""The trail's bytes: canonical encoding, entries, hashes. Pure: no database, no models, no clock."""
