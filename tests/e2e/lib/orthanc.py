# SPDX-License-Identifier: MIT
"""Orthanc, an archive that also sends and asks: by its REST API it is told to."""

import json
import os
import urllib.request

from children import PATIENCE, Child, free_port, wait_until


class Orthanc:
    """`modalities`: {name: (AE title, port)} that it knows; `options`: members of its configuration."""

    def __init__(self, directory, modalities=None, name="ORTHANC", **options):
        self.name, self.port, self.http_port = name, free_port(), free_port()
        storage = os.path.join(directory, name)
        os.makedirs(storage)
        config = os.path.join(directory, name + ".json")
        with open(config, "w", encoding="ascii") as f:
            json.dump({"Name": name, "StorageDirectory": storage, "IndexDirectory": storage, "Plugins": [],
                       "HttpPort": self.http_port, "DicomPort": self.port, "DicomAet": name,
                       "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomAlwaysAllowFind": True,
                       "DicomAlwaysAllowGet": True, "DicomAlwaysAllowMove": True,
                       "DicomModalities": {known: [ae, "127.0.0.1", port]
                                           for known, (ae, port) in (modalities or {}).items()},
                       **options}, f)
        self.child = Child(name, ["Orthanc", config], directory, {"TCP_NODELAY": "1"})
        self.child.wait_for_port(self.http_port)
        self.child.wait_for_port(self.port)

    def ask(self, path, body=None, method=None):
        """GET, or POST `body` as JSON; what comes back, which is JSON if there is any."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or b"null")

    def know(self, name, ae, port):
        """One more modality."""
        self.ask(f"/modalities/{name}", {"AET": ae, "Host": "127.0.0.1", "Port": port}, "PUT")

    def delete(self, path):
        self.ask(path, method="DELETE")

    def uids(self):
        """The SOP Instance UIDs of what it has stored."""
        return {i["MainDicomTags"]["SOPInstanceUID"] for i in self.ask("/instances?expand")}

    def wait_for(self, *things):
        wait_until(lambda: {thing.uid for thing in things} <= self.uids(), f"{len(things)} objects in {self.name}")

    def stop(self):
        self.child.stop()
