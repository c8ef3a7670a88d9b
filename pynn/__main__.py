"""``python -m pynn``: hands over to the command line. Nothing else belongs here."""

from pynn.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
