# SPDX-License-Identifier: MIT
"""SCUs that store without pause, and what became of every object."""

import random
import select
import threading
import time

import objects
import peers
import wire


# HAProxy's limits for SCUs that come from one address
SETTINGS = {"DICOM_MAX_RATE_PER_SOURCE": "100000", "DICOM_MAX_RATE_PER_TITLE": "100000"}


class Load:
    """Threads that open one association after another until stop(), each with the objects of one modality.

    modalities: (calling AE title, modality, SOP class), for one SCU after the other. lengths: objects on each
    association. pause: seconds at most, in the middle of every object and before each step of an association.
    """

    def __init__(self, port, modalities, scus, lengths=(1, 4), size=3000, pause=0):
        self.port, self.modalities, self.lengths, self.size, self.pause = port, modalities, lengths, size, pause
        self.stored = {}  # SOP Instance UID: (calling AE title, data set), of what got Success
        self.failures = []  # (what the SCU was doing, the rest in words): associations that were not released
        self.associations = 0  # those that were
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._send, args=(number,), daemon=True) for number in range(scus)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(2 * peers.PATIENCE)
            assert not thread.is_alive(), "an SCU hangs"

    def _send(self, number):
        calling, modality, sop_class = self.modalities[number % len(self.modalities)]
        model = objects.make(modality, size=self.size, sop_class=sop_class, PatientID=f"P{number}",
                             SOPInstanceUID=objects.new_uid() + "." + "1" * 8)
        turn = number
        while not self.over.is_set():
            turn += 1
            things = [objects.like(model) for _ in range(self.lengths[turn % len(self.lengths)])]
            self._associate(calling, things)

    def _rest(self):
        if self.pause:
            time.sleep(random.uniform(0, self.pause))

    def _associate(self, calling, things):
        done, doing, address = [], "connecting", "-"
        try:
            with peers.RawScu(self.port) as scu:
                doing, address = "associating", scu.address
                scu.associate(peers.contexts_for(things[0]), calling=calling)
                for thing in things:
                    doing = "resting"
                    self._rest()
                    doing = "sending"
                    data = scu.store_bytes(thing)
                    scu.send(data[:len(data) // 2])
                    if select.select([scu.sock], [], [], random.uniform(0, self.pause))[0]:
                        raise wire.WireError(f"status {scu.status():04x} before the end")
                    scu.send(data[len(data) // 2:])
                    doing = "waiting"
                    status = scu.status()
                    if status:
                        raise wire.WireError(f"status {status:04x}")
                    done.append(thing)
                doing = "releasing"
                self._rest()
                scu.release()
            failure = None
        except (OSError, peers.Rejected, peers.Aborted, wire.WireError, wire.Closed) as error:
            failure = doing, f"{calling} from {address}: {type(error).__name__} {error}, {len(done)} of {len(things)} stored"
        with self.lock:
            self.stored.update((thing.uid, (calling, thing.data)) for thing in done)
            if failure:
                self.failures.append(failure)
            else:
                self.associations += 1
