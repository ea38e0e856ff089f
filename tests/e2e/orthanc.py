# SPDX-License-Identifier: MIT
"""Orthanc: an archive with a DICOM server of its own options."""

import json
import os

from children import Child, free_port


class Orthanc:
    """It listens for DICOM only. `options`: members of its configuration."""

    def __init__(self, directory, name="ORTHANC", **options):
        self.name, self.port = name, free_port()
        storage = os.path.join(directory, name)
        os.makedirs(storage)
        config = os.path.join(directory, name + ".json")
        with open(config, "w", encoding="ascii") as f:
            json.dump({"Name": name, "DicomAet": name, "DicomPort": self.port, "StorageDirectory": storage,
                       "IndexDirectory": storage, "HttpServerEnabled": False, "Plugins": [],
                       "DicomAlwaysAllowEcho": True, "DicomAlwaysAllowStore": True, **options}, f)
        self.child = Child(name, ["Orthanc", config], directory, {"TCP_NODELAY": "1"})
        self.child.wait_for_port(self.port)

    def stop(self):
        self.child.stop()
