"""The one kind of error that is meant for the person at the keyboard."""


class InputError(Exception):
    """Something asked for is wrong or missing: a config value, a file, data, a package.

    Its text is a single line that names the value, where it came from and what is
    allowed; scripts and the workflow print it without a traceback.
    """
