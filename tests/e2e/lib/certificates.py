# SPDX-License-Identifier: MIT
"""Certificates for TLS, made with openssl when a test needs them."""

import os
import ssl
import subprocess

KEYS = {"ec": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        "rsa": ("-newkey", "rsa:2048", "-nodes")}


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def pem(path, certificate, key):
    """Certificate and key in one file, as HAProxy's crt wants it; its path."""
    with open(path, "w", encoding="ascii") as out:
        for part in (certificate, key):
            with open(part, encoding="ascii") as f:
                out.write(f.read())
    return path


class Authority:
    """A certification authority in a directory of its own."""

    def __init__(self, directory, name="Test CA"):
        self.directory = str(directory)
        os.makedirs(self.directory)
        self.certificate, key = self._make("ca", name)
        self.signed_by = ("-CA", self.certificate, "-CAkey", key)

    def _make(self, file, common_name, *more, kind="ec"):
        certificate, key = (os.path.join(self.directory, f"{file}.{part}") for part in ("crt", "key"))
        openssl("req", "-x509", *KEYS[kind], "-utf8", "-days", "2", "-subj", f"/O=Test/CN={common_name}",
                "-keyout", key, "-out", certificate, *more)
        return certificate, key

    def certify(self, file, common_name, *server_names, kind="ec"):
        """(certificate, key): paths."""
        names = ",".join(f"DNS:{name}" for name in server_names) or "email:nobody@example.org"
        return self._make(file, common_name, *self.signed_by, "-addext", f"subjectAltName={names}",
                          "-addext", "basicConstraints=critical,CA:false", kind=kind)

    def expired(self, file, common_name):
        """The same, but its last day was yesterday."""
        certificate, key, request = (os.path.join(self.directory, f"{file}.{part}") for part in ("crt", "key", "csr"))
        openssl("req", "-new", *KEYS["ec"], "-subj", f"/O=Test/CN={common_name}", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-days", "-1", *self.signed_by, "-CAcreateserial", "-out", certificate)
        return certificate, key

    def server_file(self, common_name, *server_names, file="server", kind="ec"):
        """Certificate and key in one file."""
        return pem(os.path.join(self.directory, f"{file}.pem"),
                   *self.certify(file, common_name, *server_names, kind=kind))

    def context(self, client=None):
        """A client's side of TLS: it trusts this authority, and shows the certificate `client`."""
        context = ssl.create_default_context(cafile=self.certificate)
        context.check_hostname = False
        if client:
            context.load_cert_chain(*client)
        return context
