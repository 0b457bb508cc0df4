"""Where jobs run: a pool of threads, or the caller itself."""
