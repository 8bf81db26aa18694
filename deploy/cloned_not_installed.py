"""The build backend of a project that is not built: what `pip install .` has to say."""

raise SystemExit("This project is cloned, not installed: pip install -r requirements.txt, or make demo.")
