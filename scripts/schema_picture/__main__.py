"""Writes the files that show the schema into a folder.

python3 scripts/pictures FOLDER
"""

import argparse
from pathlib import Path

from scripts.schema_picture.files import files

parser = argparse.ArgumentParser(prog="scripts/pictures", description=__doc__)
parser.add_argument("folder", type=Path)
folder: Path = parser.parse_args().folder
folder.mkdir(parents=True, exist_ok=True)
for name, content in files(f"{folder.resolve().as_uri()}/index.html").items():
    (folder / name).write_bytes(content)
print(f"Open {folder / 'index.html'}")
