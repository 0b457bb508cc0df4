"""The settings of an app: what there are, and how each is read and checked."""

from .checks import RIGHTS, TokenHolder, as_boolean
from .settings import FILES_FOLDER, SECRET_SETTINGS, Settings, load_settings

__all__ = [
    "FILES_FOLDER",
    "RIGHTS",
    "SECRET_SETTINGS",
    "Settings",
    "TokenHolder",
    "as_boolean",
    "load_settings",
]
