# SPDX-License-Identifier: MIT
"""DICOM over TLS (PS3.15 annex B), from SCUs and to archives, and certificates that are renewed."""

import os
import re
import shutil
import socket
import ssl
import subprocess

import pytest

import certificates
import dcmtk
import objects
import peers
import wire
from children import ROOT, command_of, free_port, wait_until

CT = wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))
BY_NAME = {"rules": [{"name": "known", "if": {"TLSClientName": "ct-*", "Modality": "CT"}, "backend": "ct"}],
           "default": {"backend": "general"}}
SUITES = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
          "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384")


def haproxy_version():
    said = subprocess.run([*command_of("HAPROXY", "haproxy"), "-v"], check=True, capture_output=True, text=True)
    return tuple(int(number) for number in re.search(r"version (\d+)\.(\d+)", said.stdout).groups())


class Tls:
    """A certification authority, and a balancer that shows its certificate at `port`."""

    def __init__(self, directory, balancer, pools, verify=None, kinds=("ec",), settings=None, **how):
        self.directory = directory
        self.authority = certificates.Authority(directory / "ca")
        self.port = free_port()
        self.pem, *more = (self.authority.server_file("lb", "lb.example.org", file=kind, kind=kind) for kind in kinds)
        pems = self._directory(self.pem, *more) if more else self.pem
        self.settings = {"DICOM_TLS_BIND": f"127.0.0.1:{self.port}", "DICOM_TLS_CERTIFICATE": pems,
                         **(settings or {})}
        if verify:
            self.settings["DICOM_TLS_CLIENT_CA"] = self.authority.certificate
        if verify == "optional":
            self.settings["DICOM_TLS_VERIFY"] = "optional"
        self.lb = balancer(pools, settings=self.settings, **how)

    def _directory(self, *files):
        path = self.directory / "certificates"
        path.mkdir()
        for file in files:
            shutil.copy(file, path)
        return str(path)

    def scu(self, client=None, context=None):
        return peers.RawScu(self.port, tls=context or self.authority.context(client), server_name="lb.example.org")

    def store(self, client=None, thing=None, context=None):
        """An association with one C-STORE; its object and its log line."""
        thing = thing or objects.make("CT", size=40000)
        with self.scu(client, context) as scu:
            scu.associate(peers.contexts_for(thing))
            assert scu.store(thing) == 0
            scu.release()
        return thing, self.lb.association(scu)

    def refused(self, client=None, context=None):
        """The log line of a connection that does not get through the handshake."""
        with socket.create_connection(("127.0.0.1", self.port), peers.PATIENCE) as sock:
            address = "%s:%d" % sock.getsockname()
            with pytest.raises((ssl.SSLError, ConnectionError)) as why:
                # with TLS 1.3 the client learns of it when it reads
                with (context or self.authority.context(client)).wrap_socket(sock) as secured:
                    secured.sendall(wire.associate_rq([CT]))
                    if not secured.recv(1):
                        raise ConnectionError("closed")
        return self.lb.log.wait_for("refused handshake", client=address), str(why.value)

    def certificate(self):
        """What a new connection is shown."""
        context = self.authority.context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port), peers.PATIENCE) as sock:
            with context.wrap_socket(sock) as secured:
                return ssl.DER_cert_to_PEM_cert(secured.getpeercert(True))


@pytest.fixture
def tls(balancer, tmp_path):
    return lambda pools, **how: Tls(tmp_path, balancer, pools, **how)


# What is offered ----------------------------------------------------------------------------------


def client_of(authority, version, suites=None):
    context = authority.context()
    context.set_ciphers(f"{suites or 'ALL'}:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("kinds", [("rsa",), ("ec",), ("rsa", "ec")])
def test_versions_and_suites(tls, raw_archive, kinds):
    """With a certificate, and with a directory of two for the same name."""
    t = tls({"ct": raw_archive()}, kinds=kinds)
    for suite in SUITES:
        context = client_of(t.authority, ssl.TLSVersion.TLSv1_2, suite)
        if ("ec" if "ECDSA" in suite else "rsa") in kinds:
            with t.scu(context=context) as scu:
                assert scu.sock.cipher()[0] == suite
                scu.associate([CT])
                scu.release()
            assert t.lb.association(scu)["tls"] == "TLSv1.2"
        else:
            assert "HANDSHAKE_FAILURE" in t.refused(context=context)[1]
    for suite in ("AES128-GCM-SHA256", "AES256-SHA", "ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-CHACHA20-POLY1305",
                  "ECDHE-ECDSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256", "NULL-SHA256", "AECDH-AES128-SHA"):
        entry, why = t.refused(context=client_of(t.authority, ssl.TLSVersion.TLSv1_2, suite))
        assert "HANDSHAKE_FAILURE" in why and "no shared cipher" in entry["error"], suite
    assert t.store()[1]["tls"] == "TLSv1.3"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_older_versions_are_refused(tls, raw_archive):
    t = tls({"ct": raw_archive()})
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        entry, why = t.refused(context=client_of(t.authority, version))
        assert "PROTOCOL_VERSION" in why, "it is HAProxy that refuses"
        assert re.search("unsupported protocol|version too low", entry["error"])


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_dcmtk(tls, raw_archive, tmp_path, kind):
    """Its profiles: B.10, B.9 and B.11."""
    ct, general = raw_archive(), raw_archive()
    t = tls({"ct": ct, "general": general}, policy=BY_NAME, verify="optional", kinds=(kind,))
    certificate, key = t.authority.certify("ct", "ct-1", kind=kind)
    count = 0
    for profile, version in (("+py", "TLSv1.3"), ("+px", "TLSv1.3"), ("+pz", "TLSv1.2")):
        for how, archive, name in ((("+tls", key, certificate), ct, "ct-1"), (("+tla",), general, "-")):
            thing = objects.make("CT", size=40000)
            path = objects.write_file(tmp_path / "ct.dcm", thing)
            trusting = (*how, "+cf", t.authority.certificate, profile, "127.0.0.1", t.port)
            status, output = dcmtk.run("storescu", "-v", *trusting, path)
            assert status == 0, output
            assert archive.objects()[thing.uid] == thing.data
            status, output = dcmtk.run("echoscu", "-v", *trusting)
            assert status == 0, output
            count += 2
            wait_until(lambda it=count: len(t.lb.log.associations()) == it, "log lines")
            for entry in t.lb.log.associations()[-2:]:
                assert (entry["client_name"], entry["tls"], entry["error"]) == (name, version, "-")


@pytest.mark.parametrize("settings, complaint", [
    ({"DICOM_TLS_CERTIFICATE": None}, "certificate"),
    ({"DICOM_TLS_VERIFY": "required"}, "no CA file specified"),
    ({"DICOM_TLS_CLIENT_CA": ""}, "ca-file|is empty"),
    ({"DICOM_TLS_CLIENT_CA": "/nowhere"}, "ca-file|CA file")])
def test_half_a_configuration_does_not_start(tmp_path, settings, complaint):
    """Above all it does not start without asking for certificates."""
    pem = certificates.Authority(tmp_path / "ca").server_file("lb")
    wanted = {"DICOM_TLS_BIND": f"127.0.0.1:{free_port()}", "DICOM_TLS_CERTIFICATE": pem, **settings}
    files = [word for name in ("haproxy", "dicom", "pools") for word in ("-f", f"haproxy/{name}.cfg")]
    done = subprocess.run([*command_of("HAPROXY", "haproxy"), "-c", *files], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, **{name: value for name, value in wanted.items() if value is not None}},
                          check=False)
    assert done.returncode != 0 and re.search(complaint, done.stderr), done.stderr


# Who is there -------------------------------------------------------------------------------------


def test_clients_must_show_a_certificate(tls, raw_archive, tmp_path):
    ct, general = raw_archive(), raw_archive()
    t = tls({"ct": ct, "general": general}, policy=BY_NAME, verify="required")
    stranger = certificates.Authority(tmp_path / "stranger").certify("ct", "ct-1")
    for client, code in ((None, 0), (t.authority.expired("old", "ct-1"), 10), (stranger, (18, 19, 20, 21))):
        entry, _ = t.refused(client)
        number = int(re.search(r"client certificate: (\d+)", entry["error"]).group(1))
        assert number == code or number in (code if code else ()), entry
        assert re.search("certificate verify failed|did not return a certificate", entry["error"])
    thing, entry = t.store(t.authority.certify("new", "ct-1"))
    assert (entry["rule"], entry["client_name"], entry["error"]) == ("known", "ct-1", "-")
    assert ct.objects() == {thing.uid: thing.data}
    assert not general.associations


def test_clients_may_show_a_certificate(tls, raw_archive, tmp_path):
    """Without one the policy decides; one that is no good is refused all the same."""
    ct, general = raw_archive(), raw_archive()
    t = tls({"ct": ct, "general": general}, policy=BY_NAME, verify="optional")
    for client in (t.authority.expired("old", "ct-1"), certificates.Authority(tmp_path / "x").certify("ct", "ct-1")):
        t.refused(client)
    thing, entry = t.store()
    assert (entry["rule"], entry["client_name"], entry["tls"]) == ("default", "-", "TLSv1.3")
    assert general.objects() == {thing.uid: thing.data}
    thing, entry = t.store(t.authority.certify("new", "ct-1"))
    assert (entry["rule"], entry["client_name"]) == ("known", "ct-1")
    assert ct.objects() == {thing.uid: thing.data}


def test_a_name_forges_no_log_line(tls, raw_archive):
    t = tls({"ct": raw_archive()}, policy={"rules": [], "default": {"backend": "ct"}}, verify="required")
    entry = t.store(t.authority.certify("one", 'a" error="-"\nclient="1.2.3.4 Süd'))[1]
    assert entry["client_name"] == "a? error??-??client??1.2.3.4 S??d"
    assert len(t.lb.log.associations()) == 1


def test_a_session_that_is_resumed_has_the_name(tls, raw_archive):
    ct = raw_archive()
    t = tls({"ct": ct, "general": raw_archive()}, policy=BY_NAME, verify="required")
    context = t.authority.context(t.authority.certify("one", "ct-1"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session = None
    for reused in (False, True):
        with socket.create_connection(("127.0.0.1", t.port), peers.PATIENCE) as sock:
            sock_name = sock.getsockname()
            with context.wrap_socket(sock, session=session) as secured:
                assert secured.session_reused == reused
                session = secured.session
                scu = peers.RawScu.__new__(peers.RawScu)
                scu.sock, scu.stream, scu.message_id = secured, wire.Stream(secured), 0
                scu.address = "%s:%d" % sock_name
                thing = objects.make("CT")
                scu.associate(peers.contexts_for(thing))
                assert scu.store(thing) == 0
                scu.release()
        assert ct.objects()[thing.uid] == thing.data
        assert t.lb.association(scu)["client_name"] == "ct-1"


# The wrong port -----------------------------------------------------------------------------------


def test_dicom_at_the_port_of_tls(tls, raw_archive):
    t = tls({"ct": raw_archive()})
    with peers.RawScu(t.port) as scu:
        scu.send(wire.associate_rq([CT]))
        while scu.sock.recv(4096):
            pass
    entry = t.lb.association(scu)
    assert "wrong version number" in entry["error"]
    assert t.store()[1]["error"] == "-"


def test_tls_at_the_port_of_dicom(tls, raw_archive):
    t = tls({"ct": raw_archive()})
    with socket.create_connection(("127.0.0.1", t.lb.port), peers.PATIENCE) as sock:
        address = "%s:%d" % sock.getsockname()
        with pytest.raises(ssl.SSLError):
            t.authority.context().wrap_socket(sock)
    entry = t.lb.log.wait_for("TLS at the other port", client=address)
    assert "TLS handshake instead of an association" in entry["error"]
    peers.check_works(t.lb.port)


def test_a_handshake_that_does_not_come(tls, raw_archive):
    if haproxy_version() < (3, 0):
        pytest.skip("needs timeout client-hs")
    t = tls({"ct": raw_archive()}, request_wait=2)
    with peers.RawScu(t.port) as scu:
        assert scu.how_it_ends() in ("eof", "reset")
    assert "TLS: " in t.lb.association(scu)["error"]


# Archives -----------------------------------------------------------------------------------------


def secured(storescp, authority, name, *names, certificate=None):
    """A storescp that wants to see a certificate of `authority`, and shows one for `names`."""
    certificate, key = certificate or authority.certify(name, name, *names, kind="rsa")
    return storescp(name, options=("+xa", "-pm", "+tls", key, certificate, "+cf", authority.certificate))


def test_archives_behind_tls(tls, storescp, raw_archive, tmp_path, owned):
    """Only what shows the right certificate is UP, and gets anything."""
    authority = certificates.Authority(tmp_path / "archives")
    stranger = certificates.Authority(tmp_path / "stranger")
    right = secured(storescp, authority, "RIGHT", "right.example.org")
    other = secured(storescp, authority, "OTHER", "other.example.org")
    forged = secured(storescp, authority, "FORGED", certificate=stranger.certify("f", "right.example.org",
                                                                                "right.example.org", kind="rsa"))
    old = secured(storescp, authority, "OLD", certificate=authority.expired("o", "right.example.org"))
    plain, open_ = raw_archive(), raw_archive()
    named = "verifyhost right.example.org"
    t = tls({"ct": {"right": f"{right.port} {named}", "other": f"{other.port} {named}", "forged": f"{forged.port} {named}",
                    "old": f"{old.port} {named}", "plain": plain, "open": f"{open_.port} no-ssl weight 0"}},
            settings={"DICOM_ARCHIVE_CA": authority.certificate,
                      "DICOM_ARCHIVE_CERTIFICATE": authority.server_file("lb", file="balancer", kind="rsa")},
            checked=True, policy={"rules": [{"if": {"Modality": "CT"}, "backend": "ct", "name": "ct"}],
                                  "default": {"backend": "ct"}})
    t.lb.wait_for_states(other="DOWN", forged="DOWN", old="DOWN", plain="DOWN", right="UP", open="UP")
    assert t.lb.stats()["ct/right"]["check_status"].startswith("L7OK")
    assert t.lb.stats()["ct/forged"]["check_status"].startswith("L6")
    things = [t.store()[0] for _ in range(4)] + [peers.check_works(t.lb.port)]
    assert right.wait_for(5) == {thing.uid: thing.data for thing in things}
    assert not (other.objects() or forged.objects() or old.objects())
    assert not any(a.rq for a in plain.associations), "no DICOM where TLS is wanted"
    assert any(a.rq for a in open_.associations), "without TLS, as its line says"


def test_an_archive_that_is_not_shown_a_certificate_is_down(tls, storescp, tmp_path):
    authority = certificates.Authority(tmp_path / "archives")
    t = tls({"ct": secured(storescp, authority, "RIGHT")}, checked=True,
            settings={"DICOM_ARCHIVE_CA": authority.certificate})
    t.lb.wait_for_states(ct1="DOWN")


def test_a_wrong_certificate_where_no_check_warns(tls, storescp, tmp_path):
    """The association is aborted, nothing has left."""
    authority = certificates.Authority(tmp_path / "archives")
    stranger = certificates.Authority(tmp_path / "stranger")
    forged = secured(storescp, authority, "FORGED", certificate=stranger.certify("f", "f", kind="rsa"))
    t = tls({"ct": forged}, settings={"DICOM_ARCHIVE_CA": authority.certificate,
                                      "DICOM_ARCHIVE_CERTIFICATE": authority.server_file("lb", kind="rsa")})
    thing = objects.make("CT")
    with t.scu() as scu:
        scu.associate(peers.contexts_for(thing))
        scu.send(scu.store_bytes(thing))
        assert scu.how_it_ends() == "abort"
    entry = t.lb.association(scu)
    assert (entry["pool"], entry["error"][:28]) == ("ct", "the connection to the archiv"), entry
    assert not forged.objects()


def test_a_big_transfer(tls, storescp, tmp_path):
    """TLS on both sides, spliced: every byte arrives."""
    authority = certificates.Authority(tmp_path / "archives")
    archive = secured(storescp, authority, "ARCHIVE")
    t = tls({"ct": archive, "general": archive}, verify="optional",
            settings={"DICOM_ARCHIVE_CA": authority.certificate,
                      "DICOM_ARCHIVE_CERTIFICATE": authority.server_file("lb", file="balancer", kind="rsa")})
    things = [objects.make("CT", size=size) for size in (12_000_000, 100, 300_000)]
    with t.scu() as scu:
        scu.associate([CT])
        assert [scu.store(thing) for thing in things] == [0, 0, 0]
        scu.release()
    assert t.lb.association(scu)["rule"] == "ct"
    assert archive.wait_for(3) == {thing.uid: thing.data for thing in things}


# New certificates ---------------------------------------------------------------------------------


def commands(what, **paths):
    """The commands of haproxy/README.md that have `what`, with other paths."""
    with open(os.path.join(ROOT, "haproxy", "README.md"), encoding="utf-8") as f:
        block, = (text for text in re.findall(r"(?ms)^```sh\n(.*?)^```", f.read()) if what in text)
    for name, path in paths.items():
        block, count = re.subn(rf"/\S+/{name}\.\w+", lambda _, it=path: it, block)
        assert count, name
    return block


def renew(t, what, name, path):
    script = commands(what, admin=os.path.join(t.lb.directory, "admin.sock"), **{name: path})
    done = subprocess.run(["sh", "-euc", script], check=True, capture_output=True, text=True, timeout=60)
    assert "Success!" in done.stdout and not done.stderr, done


def shown(path):
    """The first certificate of a file, as text."""
    with open(path, encoding="ascii") as f:
        return re.search(r"-----BEGIN CERT.*?-----END CERTIFICATE-----\n", f.read(), re.S).group(0)


@pytest.mark.parametrize("way", ["runtime", "reload"])
def test_a_new_certificate(tls, raw_archive, way):
    """An association that is open goes on; the next one sees it."""
    ct = raw_archive()
    t = tls({"ct": ct, "general": raw_archive()}, verify="optional")
    t.lb.wait_for_agent()
    before = shown(t.pem)
    assert t.certificate() == before
    things = [objects.make("CT", size=200000) for _ in range(3)]
    with t.scu() as scu:
        scu.associate([CT])
        assert scu.store(things[0]) == 0
        half = scu.store_bytes(things[1])
        scu.send(half[:100000])
        t.authority.server_file("lb", "lb.example.org", file="ec")
        if way == "reload":
            old = t.lb.reload()
        else:
            renew(t, "set ssl cert", "dicom", t.pem)
        assert t.certificate() == shown(t.pem) != before
        scu.send(half[100000:])
        assert scu.status() == 0
        assert scu.store(things[2]) == 0
        scu.release()
    assert ct.objects() == {thing.uid: thing.data for thing in things}
    assert t.lb.association(scu)["error"] == "-"
    assert t.store()[1]["error"] == "-"
    if way == "reload":
        wait_until(lambda: t.lb.is_gone(old), "the old process ends")


def replace(path, by):
    os.replace(shutil.copy(by, path + ".new"), path)


def resumed(t, context, session):
    """Whether HAProxy goes on with a session of before; None if it refuses the client."""
    try:
        with socket.create_connection(("127.0.0.1", t.port), peers.PATIENCE) as sock:
            with context.wrap_socket(sock, session=session) as secured:
                return secured.session_reused
    except (ssl.SSLError, ConnectionError):
        return None


@pytest.mark.parametrize("way", ["runtime", "reload"])
def test_another_authority_for_clients(tls, raw_archive, tmp_path, way):
    """Who has a certificate of the old one goes on, but does not come in again."""
    t = tls({"ct": raw_archive(), "general": raw_archive()}, verify="required")
    t.lb.wait_for_agent()
    new = certificates.Authority(tmp_path / "new")
    trust = t.authority.context
    old_client, new_client = trust(t.authority.certify("c", "ct-1")), trust(new.certify("c", "ct-2"))
    t.refused(context=new_client)
    old_client.maximum_version = ssl.TLSVersion.TLSv1_2
    with t.scu(context=old_client) as scu:
        scu.associate([CT])
        assert resumed(t, old_client, scu.sock.session)
        replace(t.authority.certificate, new.certificate)
        if way == "reload":
            t.lb.reload()
            assert resumed(t, old_client, scu.sock.session) is None
        else:
            renew(t, "set ssl ca-file", "clients-ca", t.authority.certificate)
        assert t.store(context=new_client)[1]["client_name"] == "ct-2"
        t.refused(context=old_client)
        assert scu.store(objects.make("CT")) == 0
        scu.release()
    if way == "runtime" and haproxy_version() >= (3, 2):
        before = t.certificate()
        replace(t.pem, new.server_file("lb"))
        renew(t, "set ssl cert", "dicom", t.pem)
        assert t.certificate() == shown(t.pem) != before


def test_new_certificates_for_archives(tls, storescp, tmp_path):
    authority, new = (certificates.Authority(tmp_path / name) for name in ("archives", "new"))
    archive = secured(storescp, new, "ARCHIVE")
    mine = authority.server_file("lb", file="balancer", kind="rsa")
    t = tls({"ct": archive}, checked=True,
            settings={"DICOM_ARCHIVE_CA": authority.certificate, "DICOM_ARCHIVE_CERTIFICATE": mine})
    t.lb.wait_for_states(ct1="DOWN")
    # in this order: README
    replace(mine, new.server_file("lb", file="balancer", kind="rsa"))
    renew(t, "set ssl cert", "dicom", mine)
    replace(authority.certificate, new.certificate)
    renew(t, "set ssl ca-file", "clients-ca", authority.certificate)
    t.lb.wait_for_states(ct1="UP")
    thing, _ = t.store()
    assert archive.wait_for(1) == {thing.uid: thing.data}
