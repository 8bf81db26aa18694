"""``python -m app``."""

import gc

if __name__ == "__main__":
    gc.disable()  # what is imported stays; to look for garbage among it took a fifth of the start
    from app.cli import main

    gc.freeze()
    gc.enable()
    main()
