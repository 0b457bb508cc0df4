"""The checks of `doctor`, each by making the trouble."""
