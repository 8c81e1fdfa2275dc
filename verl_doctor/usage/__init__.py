"""What the command line takes, as data, and what is written from it: completion scripts and man pages."""
