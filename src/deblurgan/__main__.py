"""`python -m deblurgan`."""

from deblurgan.cli import main

if __name__ == "__main__":
    main()
