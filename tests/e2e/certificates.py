# SPDX-License-Identifier: MIT
"""Certificates for TLS, made with openssl when a test needs them."""

import os
import ssl
import subprocess

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """A certification authority in a directory of its own."""

    def __init__(self, directory, name="Test CA"):
        self.directory = str(directory)
        os.makedirs(self.directory)
        self.certificate, key = self._make("ca", name)
        self.signed_by = ("-CA", self.certificate, "-CAkey", key)

    def _make(self, file, common_name, *more):
        certificate, key = (os.path.join(self.directory, f"{file}.{kind}") for kind in ("crt", "key"))
        subprocess.run(["openssl", "req", "-x509", *KEY, "-utf8", "-days", "2", "-subj", f"/O=Test/CN={common_name}",
                        "-keyout", key, "-out", certificate, *more], check=True, capture_output=True)
        return certificate, key

    def certify(self, file, common_name, *server_names):
        """(certificate, key): paths."""
        names = ",".join(f"DNS:{name}" for name in server_names) or "email:nobody@example.org"
        return self._make(file, common_name, *self.signed_by, "-addext", f"subjectAltName={names}",
                          "-addext", "basicConstraints=critical,CA:false")

    def server_file(self, common_name, *server_names):
        """Certificate and key in one file, as HAProxy's crt wants it."""
        path = os.path.join(self.directory, "server.pem")
        with open(path, "w", encoding="ascii") as out:
            for part in self.certify("server", common_name, *server_names):
                with open(part, encoding="ascii") as f:
                    out.write(f.read())
        return path

    def context(self, client=None):
        """A client's side of TLS: it trusts this authority, and shows the certificate `client`."""
        context = ssl.create_default_context(cafile=self.certificate)
        context.check_hostname = False
        if client:
            context.load_cert_chain(*client)
        return context
