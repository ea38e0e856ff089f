# SPDX-License-Identifier: MIT
"""The operators' page: what it shows, who may see it, and archives that are taken down and up on it.

Leaves build/screenshots/stats.png behind.
"""

import base64
import os
import re
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

import certificates
import peers
import wire
from browser import CHECK, QUEUED, SESSIONS, Browser
from children import ROOT, command_of, free_port, wait_until

OPERATOR, PASSWORD = "operator", 'C-ECHO "1", $2#)'
LOCKED = {"DICOM_STATS_USER": OPERATOR, "DICOM_STATS_PASSWORD": PASSWORD}
SCREENSHOT = os.path.join(ROOT, "build", "screenshots", "stats.png")


@pytest.fixture
def browser(owned, tmp_path):
    owned.append(Browser(str(tmp_path)))
    return owned[-1]


def page(lb, user=None, password="", path="/stats", host="127.0.0.1", form=None, origin=None, **how):
    """(status, body) of a GET, or of the POST of `form`."""
    scheme = "https" if how else "http"
    request = urllib.request.Request(f"{scheme}://{host}:{lb.stats_port}{path}",
                                     data=urllib.parse.urlencode(form).encode() if form else None)
    if user is not None:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    if origin:
        request.add_header("Origin", origin)
    try:
        with urllib.request.urlopen(request, timeout=20, **how) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def raw_request(lb, request):
    """What comes first for it."""
    with socket.create_connection(("127.0.0.1", lb.stats_port), peers.PATIENCE) as sock:
        sock.sendall(request)
        return sock.recv(65536)


def login(browser, lb, path="/stats;norefresh"):
    browser.open(f"http://{OPERATOR}:{urllib.parse.quote(PASSWORD)}@127.0.0.1:{lb.stats_port}{path}")


def says(browser, lb, server, pattern):
    """Its last check; while the next one runs HAProxy does not say why the last one failed."""
    def seen():
        login(browser, lb)
        return re.search(pattern, browser.seen(server, CHECK).replace("-\n", "-"))
    wait_until(seen, f"the page says of {server} {pattern}")


def where_they_go(lb, archives, count=16):
    """The names of those of `archives` that get `count` associations. From HAProxy 3.2 on `leastconn` does not take turns,
    but draws among servers that have as many."""
    sent = [peers.check_works(lb.port) for _ in range(count)]
    return {name for name, archive in archives.items() if any(thing.uid in archive.objects() for thing in sent)}


def test_what_the_page_shows(browser, balancer, raw_archive):
    busy = raw_archive()
    lb = balancer({"ct": {"ct1": raw_archive(), "ct2": raw_archive(answer=peers.accept_nothing_of(wire.VERIFICATION))},
                   "mr": {"mr1": f"{busy.port} maxconn 1 no-check"},
                   "general": {"general1": raw_archive(), "general2": raw_archive(), "general3": raw_archive()},
                   "query": {"query1": raw_archive(answer=lambda rq: wire.associate_rj(1, 1, 7))}},
                  checked=True, settings=LOCKED, pool_lines=["timeout queue 60s"])
    lb.wait_for_states(ct1="UP", ct2="DOWN")
    wait_until(lambda: lb.server_states()["query/query1"] == "DOWN", "query1 is DOWN")
    lb.wait_for_agent()
    login(browser, lb)
    assert f"on {socket.gethostname()}: DICOM load balancer" in browser.text

    told = browser.descriptions()
    for proxy, words in {"dicom": "SCU", "dicom-agents": "dicom-spoa", "stats": "page", "ct": "Modality CT",
                         "mr": "Modality MR", "general": "patient", "query": "C-FIND"}.items():
        assert words in told[proxy]
    for server in ("ct/ct1", "general/general1", "general/general2", "general/general3", "dicom-agents/agent1"):
        assert browser.status(server) == "UP"
    assert "id: 1" in browser.tip("ct/ct1", 1) and f":{lb.pools['ct']['ct1']}" in browser.tip("ct/ct1", 1)
    says(browser, lb, "ct/ct1", "^L7OK")

    # down, and why
    assert browser.status("query/query1") == "DOWN" and browser.status("query/Backend") == "DOWN"
    says(browser, lb, "query/query1", "^L7RSP(?s:.)*A-ASSOCIATE-AC")
    assert browser.status("ct/ct2") == "DOWN"
    says(browser, lb, "ct/ct2", "^L7RSP(?s:.)*expected a")

    browser.apply("drain", "general/general2")
    browser.apply("maint", "general/general3")
    assert browser.status("general/general2") == "DRAIN" and browser.status("general/general3") == "MAINT"

    # full: one association is at the archive, the next one waits for a place
    with peers.RawScu(lb.port) as first, peers.RawScu(lb.port) as second:
        things = [peers.objects.make("MR", size=2000, sop_class=wire.MR_IMAGE) for _ in range(2)]
        for scu, thing in zip((first, second), things):
            scu.associate(peers.contexts_for(thing))
            scu.send(scu.store_bytes(thing))
            if scu is first:
                assert first.status() == 0
        wait_until(lambda: lb.stats()["mr/mr1"]["qcur"] == "1", "an association waits")
        login(browser, lb)
        assert browser.seen("mr/mr1", SESSIONS) == "1"
        assert browser.seen("mr/mr1", QUEUED) == "1"
        browser.screenshot(SCREENSHOT)
        first.release()
        assert second.status() == 0
        second.release()


def test_an_archive_is_taken_down_and_up_again(browser, balancer, raw_archive):
    archives = {"ct1": raw_archive(), "ct2": raw_archive()}
    lb = balancer({"ct": archives}, checked=True, settings=LOCKED, pool_lines=["balance leastconn"])
    lb.wait_for_states(ct1="UP", ct2="UP")
    lb.wait_for_agent()
    browser.open(f"http://127.0.0.1:{lb.stats_port}/stats")
    assert not browser.descriptions()
    browser.open(f"http://{OPERATOR}:wrong@127.0.0.1:{lb.stats_port}/stats")
    assert not browser.descriptions()
    login(browser, lb, "/")
    assert browser.descriptions()
    login(browser, lb)
    assert where_they_go(lb, archives) == {"ct1", "ct2"}

    thing = peers.objects.make("CT", size=2000)
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        assert scu.store(thing) == 0
        here, other = ("ct1", "ct2") if thing.uid in archives["ct1"].objects() else ("ct2", "ct1")
        for action, state in (("drain", "DRAIN"), ("maint", "MAINT")):
            browser.apply(action, f"ct/{here}")
            assert "Action processed successfully" in browser.text
            assert browser.status(f"ct/{here}").endswith(state) and browser.status(f"ct/{other}") == "UP"
            assert where_they_go(lb, archives) == {other}
        # what is open goes on
        assert scu.store(thing) == 0
        scu.release()

    browser.apply("maint", f"ct/{other}")
    assert browser.status("ct/Backend") == "DOWN"
    browser.apply("ready", "ct/ct1", "ct/ct2")
    lb.wait_for_states(ct1="UP", ct2="UP")
    login(browser, lb)
    assert "UP" in browser.status("ct/ct1") and "UP" in browser.status("ct/ct2")
    assert where_they_go(lb, archives) == {"ct1", "ct2"}

    wait_until(lambda: sum("action=" in line for line in lb.log.lines) >= 4, "four changes are logged")
    # a page of somebody else, open in the same browser, sends the form
    browser.open(f"data:text/html,<form method=post action=http://127.0.0.1:{lb.stats_port}/stats><input name=s value=ct1>"
                 "<input name=action value=maint><input name=b value=ct><input type=submit></form>")
    browser.submit()
    assert "403 Forbidden" in browser.text
    assert lb.server_states()["ct/ct1"].startswith("UP")

    changes = [re.search(r'operator="(.*?)" from="127.0.0.1:\d+" status="(.*?)" change="(.*?)"', line)
               for line in lb.log.lines if "action=" in line]
    assert [(change[1], change[2], re.sub("#.*", "", change[3])) for change in changes] == [
        (OPERATOR, "303", f"s={here}&action=drain&b="), (OPERATOR, "303", f"s={here}&action=maint&b="),
        (OPERATOR, "303", f"s={other}&action=maint&b="), (OPERATOR, "303", "s=ct1&s=ct2&action=ready&b=")]


def test_with_a_password_nothing_but_the_metrics_is_for_everybody(balancer, raw_archive):
    lb = balancer({"ct": raw_archive()}, settings=LOCKED)
    form = {"s": "ct1", "action": "maint", "b": "ct"}
    for path in ("/stats", "/stats;csv", "/stats?x", "//stats", "/", "/metrics/", "/metrics/../stats", "/x"):
        for user, password in ((None, ""), (OPERATOR, "wrong"), (OPERATOR, ""), ("", ""), ("nobody", PASSWORD)):
            lb.admin("clear table stats")
            status, body = page(lb, user, password, path)
            assert status == 401 and "ct1" not in body, (path, user, password)
    assert page(lb, form=form)[0] == page(lb, OPERATOR, "wrong", form=form)[0] == 401
    status, metrics = page(lb, path="/metrics")
    assert status == 200 and 'haproxy_server_status{proxy="ct",server="ct1"' in metrics
    assert b"401 Unauthorized" in raw_request(lb, b"GET http://x/stats HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_until(lambda: any(f'operator="{OPERATOR}"' in line and 'status="401"' in line for line in lb.log.lines),
               "a wrong password is logged")

    # from a page of somebody else, that the operator has open beside this one
    for origin in ("http://elsewhere.example", "null", f"http://127.0.0.1:{lb.stats_port + 1}"):
        assert page(lb, OPERATOR, PASSWORD, form=form, origin=origin)[0] == 403
    assert lb.server_states()["ct/ct1"] == "no check"
    status, body = page(lb, OPERATOR, PASSWORD, form=form, origin=f"http://127.0.0.1:{lb.stats_port}")
    assert status == 200 and "Action processed successfully" in body
    assert lb.server_states()["ct/ct1"] == "MAINT"


def test_wrong_passwords_are_not_tried_for_ever(balancer, raw_archive):
    lb = balancer({"ct": raw_archive()}, settings=LOCKED)
    assert page(lb, OPERATOR, PASSWORD)[0] == 200
    answers = [page(lb, OPERATOR, f"guess {n}")[0] for n in range(30)]
    assert answers == sorted(answers) and set(answers) == {401, 429}
    assert page(lb, OPERATOR, PASSWORD)[0] == 429
    assert page(lb, path="/metrics")[0] == 200


def test_the_password_can_be_a_hash(balancer, raw_archive):
    hashed = subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True, capture_output=True, text=True).stdout
    lb = balancer({"ct": raw_archive()}, settings={"DICOM_STATS_USER": OPERATOR,
                                                   "DICOM_STATS_PASSWORD_HASH": hashed.strip()})
    assert page(lb, OPERATOR, PASSWORD)[0] == 200
    assert page(lb, OPERATOR, "wrong")[0] == page(lb, OPERATOR, hashed.strip())[0] == 401


def test_the_page_over_tls(balancer, raw_archive, tmp_path):
    authority = certificates.Authority(tmp_path / "ca")
    lb = balancer({"ct": raw_archive()}, settings={
        **LOCKED, "DICOM_STATS_CERTIFICATE": authority.server_file("lb", "lb.example.org")})
    assert page(lb, OPERATOR, PASSWORD, context=authority.context())[0] == 200
    own = f"https://127.0.0.1:{lb.stats_port}"
    status, body = page(lb, OPERATOR, PASSWORD, form={"s": "ct1", "action": "drain", "b": "ct"}, origin=own,
                        context=authority.context())
    assert status == 200 and "Action processed successfully" in body
    assert page(lb, path="/metrics", context=authority.context())[0] == 200
    with pytest.raises((OSError, urllib.error.URLError)):
        page(lb, OPERATOR, PASSWORD)


def own_address():
    """An address of this machine that is not a loopback one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has loopback addresses only")
        return sock.getsockname()[0]


def test_without_a_password_this_machine_may_read(balancer, raw_archive):
    address = own_address()

    def listening_to_all(bind="*", **settings):
        port = free_port()
        lb = balancer({"ct": raw_archive()}, settings={"DICOM_STATS_BIND": f"{bind}:{port}", **settings})
        lb.stats_port = port
        return lb

    lb = listening_to_all()
    status, body = page(lb)
    assert status == 200 and "ct1" in body and "<form method=\"post\"" not in body
    assert "Action denied" in page(lb, form={"s": "ct1", "action": "maint", "b": "ct"})[1]
    assert lb.server_states()["ct/ct1"] == "no check"
    for path in ("/stats", "/stats;csv", "/"):
        status, body = page(lb, host=address, path=path)
        assert status == 403 and "DICOM_STATS_READERS" in body and "ct1" not in body
    status, body = page(lb, host=address, path="/metrics")
    assert status == 200 and 'server="ct1"' in body

    lb = listening_to_all(bind="[::]", DICOM_STATS_READERS=f"127.0.0.1 {address}/32 fd00::/8")
    for host in ("127.0.0.1", address):
        status, body = page(lb, host=host)
        assert status == 200 and "ct1" in body and "<form method=\"post\"" not in body
    assert page(lb, host="[::1]")[0] == 403


@pytest.mark.parametrize("login", [{}, LOCKED], ids=["no password", "password"])
def test_who_only_looks_is_not_logged(balancer, raw_archive, login):
    lb = balancer({"ct": raw_archive()}, settings=login)
    assert page(lb, *login.values())[0] == page(lb, path="/metrics")[0] == 200
    peers.check_works(lb.port)
    wait_until(lambda: lb.log.associations(), "the association is logged")
    assert [line for line in lb.log.lines if "operator=" in line or "stats" in line] == []


def configured(**settings):
    """haproxy -c"""
    return subprocess.run([*command_of("HAPROXY", "haproxy"), "-c", "-f", "haproxy/haproxy.cfg"], cwd=ROOT,
                          env={**os.environ, **settings}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("half, complaint", [
    ({"DICOM_STATS_USER": OPERATOR}, "neither DICOM_STATS_PASSWORD nor DICOM_STATS_PASSWORD_HASH"),
    ({"DICOM_STATS_PASSWORD": PASSWORD}, "no DICOM_STATS_USER"),
    ({"DICOM_STATS_PASSWORD_HASH": "$6$x"}, "no DICOM_STATS_USER")])
def test_half_a_login_is_refused_at_the_start(half, complaint):
    done = configured(**half)
    assert done.returncode == 1 and complaint in done.stderr


def test_an_empty_password_lets_nobody_in(balancer, raw_archive):
    empty = {"DICOM_STATS_USER": OPERATOR, "DICOM_STATS_PASSWORD": ""}
    if configured(**empty).returncode:
        return  # HAProxy 3.4 does not start
    lb = balancer({"ct": raw_archive()}, settings=empty)
    assert page(lb, OPERATOR, "")[0] == page(lb)[0] == 401
