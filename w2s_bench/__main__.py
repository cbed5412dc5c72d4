"""`python -m w2s_bench` is `w2s-bench`."""

from w2s_bench.cli.main import main

if __name__ == "__main__":
    main()
