# SPDX-License-Identifier: MIT
"""A policy is written in UTF-8; institutions write their names in every character set of PS3.3 C.12.1.1.2."""

import pytest

import objects
import peers
import wire

NAMES = [
    ("ISO_IR 100", "Hôpital Général de Montréal"),
    ("ISO_IR 101", "Szpital Św. Łukasza"),
    ("ISO_IR 144", "Городская больница"),
    ("ISO_IR 126", "Νοσοκομείο Αθηνών"),
    ("ISO_IR 192", "Universitätsklinikum Zürich 東京"),
    ("GB18030", "北京协和医院"),
    (["", "ISO 2022 IR 87"], "東京大学病院"),
    (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾄｳｷｮｳ大学病院"),
    (["", "ISO 2022 IR 149"], "서울대학교병원"),
    (["ISO 2022 IR 6", "ISO 2022 IR 100"], "Krankenhaus Köln"),
    (None, "General Hospital"),
]


@pytest.mark.parametrize("syntax", [wire.IMPLICIT_LE, wire.EXPLICIT_LE, wire.EXPLICIT_BE, wire.DEFLATED])
@pytest.mark.parametrize("charset,name", NAMES, ids=[str(charset) for charset, _ in NAMES])
def test_an_institution_is_known_by_its_name(balancer, raw_archive, charset, name, syntax):
    mine, prefixed, general = raw_archive(), raw_archive(), raw_archive()
    lb = balancer({"mine": mine, "prefixed": prefixed, "general": general}, policy={
        "negotiate": {"transfer_syntaxes": [syntax]}, "default": {"backend": "general"},
        "rules": [{"name": "mine", "if": {"InstitutionName": name}, "backend": "mine"},
                  {"name": "prefixed", "if": {"InstitutionName": name[:3] + "*" + name[-2:]}, "backend": "prefixed"}]})

    def send(institution):
        thing = objects.make("CT", syntax=syntax, SpecificCharacterSet=charset, InstitutionName=institution)
        assert peers.send_all(lb.port, thing) == [0]
        return {thing.uid: thing.data}

    assert mine.objects() == {} == prefixed.objects() == general.objects()
    exact = send(name)
    other = send(name[:-1])
    longer = send(name[:3] + name)
    assert (mine.objects(), prefixed.objects(), general.objects()) == (exact, longer, other)


def test_a_question_mark_is_one_character_not_one_byte(balancer, raw_archive):
    mine, general = raw_archive(), raw_archive()
    lb = balancer({"mine": mine, "general": general}, policy={
        "default": {"backend": "general"},
        "rules": [{"name": "mine", "if": {"InstitutionName": "??大学病院"}, "backend": "mine"}]})
    thing = objects.make("CT", SpecificCharacterSet=["", "ISO 2022 IR 87"], InstitutionName="東京大学病院")
    assert peers.send_all(lb.port, thing) == [0]
    assert mine.objects() == {thing.uid: thing.data}


def test_a_charset_that_nobody_knows_harms_nobody(balancer, raw_archive):
    mine, general = raw_archive(), raw_archive()
    lb = balancer({"mine": mine, "general": general}, policy={
        "default": {"backend": "general"},
        "rules": [{"name": "mine", "if": {"Modality": "CT"}, "backend": "mine"},
                  {"name": "name", "if": {"InstitutionName": "X*"}, "backend": "mine"}]})
    known = objects.make("CT", InstitutionName="ABC")
    thing = objects.of_bytes(known.data.replace(b"\x08\x00\x16\x00UI", b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 999"
                                                b"\x08\x00\x16\x00UI", 1), wire.EXPLICIT_LE)
    assert peers.send_all(lb.port, thing) == [0]
    assert mine.objects() == {thing.uid: thing.data}


def test_a_key_does_not_depend_on_the_character_set(balancer, raw_archive):
    archives = {f"general{number}": raw_archive() for number in (1, 2, 3)}
    lb = balancer({"general": archives}, policy={"rules": [
        {"name": "others", "key": "PatientID", "backend": "general"}]})
    for number in range(8):
        things = [objects.make("CT", size=10, PatientID=f"Köln{number}", SpecificCharacterSet=charset)
                  for charset in ("ISO_IR 100", "ISO_IR 192")]
        for thing in things:
            assert peers.send_all(lb.port, thing) == [0]
        assert len({name for name, archive in archives.items()
                    for thing in things if thing.uid in archive.objects()}) == 1
