"""What the house tests share: the source tree as lists of files."""

import os
import pathlib
import subprocess

SOURCE = pathlib.Path(os.environ.get("IPW_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
LAYERS = ("base", "probes", "replay", "exporter")


def tracked(*patterns):
    """Files of the tree, those that git does not ignore, by glob."""
    listing = subprocess.run(["git", "-C", SOURCE, "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
                             capture_output=True, text=True, check=True).stdout
    return [SOURCE / line for line in listing.splitlines() if (SOURCE / line).exists()]


def code(*folders):
    return [path for folder in folders for path in tracked(f"{folder}/*.hpp", f"{folder}/*.cpp")]


def name(path):
    return str(path.relative_to(SOURCE))
