# SPDX-License-Identifier: MIT
"""DCMTK's programs: archives and clients that nobody here has written."""

import glob
import os
import subprocess

import objects
from children import Child, free_port, wait_until

# Without it every message takes 40 ms: DCMTK writes headers and bodies apart (Nagle, delayed ACK).
ENVIRONMENT = {"TCP_NODELAY": "1"}
TIMEOUT = 60


class StoreScp:
    """storescp that writes exactly what it reads (+B). prefix: a command before it. fork: False, and it has one
    association at a time; the next one waits."""

    def __init__(self, directory, name="ARCHIVE", options=("+xa", "-pm"), prefix=(), fork=True):
        self.name, self.port = name, free_port()
        self.directory = os.path.join(directory, name)
        os.makedirs(self.directory)
        self.command = [*prefix, "storescp", "-v", *(["--fork"] if fork else []), "-dhl", "+B", *options, "-aet", name,
                        "-od", self.directory, str(self.port)]
        self.start(directory)

    def start(self, directory):
        """Again, after self.child.kill()."""
        self.child = Child(self.name, self.command, directory, ENVIRONMENT)
        self.child.wait_for_port(self.port)

    def objects(self, broken=()):
        """{SOP Instance UID: data set} of all files. broken: errors of files that are left out."""
        found = {}
        for path in glob.glob(os.path.join(self.directory, "*")):
            try:
                thing = objects.from_file(path)
            except broken:
                continue
            found[thing.uid] = thing.data
        return found

    def wait_for(self, count):
        wait_until(lambda: len(os.listdir(self.directory)) >= count, f"{count} objects in {self.name}")
        return self.objects()

    def stop(self):
        self.child.stop()


class QueryScp:
    """dcmqrscp: C-FIND, C-MOVE, C-STORE. `peers` maps AE titles that it may send to on their ports. More associations at
    once than that many are refused for the moment."""

    def __init__(self, directory, name="QUERY", peers=None, associations=16, title=None):
        self.name, self.port = name, free_port()
        storage = os.path.join(directory, name)
        os.makedirs(storage)
        hosts = "".join(f"h{n} = ({ae}, 127.0.0.1, {port})\n" for n, (ae, port) in enumerate((peers or {}).items()))
        config = os.path.join(directory, name + ".cfg")
        with open(config, "w", encoding="ascii") as f:
            f.write(f"NetworkTCPPort = {self.port}\nMaxPDUSize = 16384\nMaxAssociations = {associations}\n"
                    f"HostTable BEGIN\n{hosts}HostTable END\nVendorTable BEGIN\nVendorTable END\n"
                    f"AETable BEGIN\n{title or name} {storage} RW (200, 1024mb) ANY\nAETable END\n")
        self.child = Child(name, ["dcmqrscp", "-v", "-c", config], directory, ENVIRONMENT)
        self.child.wait_for_port(self.port)

    def stop(self):
        self.child.stop()


def run(*command):
    """A DCMTK client to its end: (exit status, output)."""
    done = subprocess.run([str(word) for word in command], env={**os.environ, **ENVIRONMENT}, timeout=TIMEOUT,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")
