import datetime
import hashlib
import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.test import override_settings
from django.utils import timezone

from curation.importing.reading import Limits, Unreadable, open_table
from curation.importing.uploads import PART, expire, keep, opened, shown_name
from curation.models import Batch, Upload, UploadPart

pytestmark = pytest.mark.django_db


def bytes_of(size):
    return bytes(i * 31 % 251 for i in range(1000)) * (size // 1000 + 1)


def kept(data, name="facts.csv", **options):
    return keep(SimpleUploadedFile(name, data), by="asha", **options)


def test_keep_says_what_was_kept():
    data = bytes_of(PART * 2 + 5)[: PART * 2 + 5]
    upload = Upload.objects.get(pk=kept(data).pk)
    assert (upload.name, upload.by, upload.size) == ("facts.csv", "asha", len(data))
    assert upload.sha256 == hashlib.sha256(data).hexdigest()
    assert [len(part.data) for part in upload.parts.all()] == [PART, PART, 5]


def test_keep_takes_any_file_that_can_be_read():
    assert opened(keep(io.BytesIO(b"a,b\n"), by="asha")).read() == b"a,b\n"
    assert opened(keep(ContentFile(b""), by="asha")).read() == b""


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1])
def test_opened_gives_back_every_byte(size):
    data = bytes_of(size)[:size]
    assert opened(kept(data)).read() == data


def test_opened_can_be_sought_in():
    data = bytes_of(PART * 3)[: PART * 3]
    file = opened(kept(data))
    assert file.seek(0, 2) == len(data)
    assert file.read() == b""
    file.seek(PART - 10)
    assert file.read(20) == data[PART - 10 : PART + 10]
    file.seek(-7, 2)
    assert file.read(100) == data[-7:]
    assert file.seek(len(data) + 5) == len(data) + 5
    assert file.read(1) == b""
    with pytest.raises(ValueError, match="begins at 0"):
        file.seek(-1)
    assert file.readable()
    assert file.seekable()
    assert not file.writable()


def test_reading_on_asks_once_a_part(django_assert_num_queries):
    upload = kept(bytes_of(PART * 3)[: PART * 3])
    with django_assert_num_queries(4):  # one to see that it is there
        file = opened(upload)
        while file.read(10_000):
            pass


def test_an_upload_can_be_read_as_a_table():
    upload = kept("ref;statement\nacsa-1;“signed”\n".encode("cp1252"))
    [sheet] = open_table(opened(upload), upload.name).sheets()
    assert [line.cells for line in sheet.lines] == [["acsa-1", "“signed”"]]


@pytest.mark.parametrize("told", [True, False])
def test_too_large_a_file_leaves_nothing_behind(told):
    file = SimpleUploadedFile("facts.csv", b"x" * (PART * 2 + 1))
    if not told:
        file.size = None
    with pytest.raises(Unreadable, match="2 MiB"):
        keep(file, by="asha", limits=Limits(bytes=PART * 2))
    assert (Upload.objects.count(), UploadPart.objects.count()) == (0, 0)


class Breaking(io.BytesIO):
    """A file whose third mebibyte cannot be read."""

    def read(self, size=-1):
        if self.tell() >= PART * 2:
            raise OSError("No space left on device")
        return super().read(size)


def test_a_failure_on_the_way_leaves_nothing_behind():
    with pytest.raises(OSError, match="No space"):
        keep(Breaking(b"x" * PART * 3), by="asha")
    assert (Upload.objects.count(), UploadPart.objects.count()) == (0, 0)


@pytest.mark.sqlite
def test_a_full_disk_leaves_nothing_behind(transactional_db):
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        free = cursor.execute("PRAGMA freelist_count").fetchone()[0]  # what earlier tests have left is written first
        cursor.execute(f"PRAGMA max_page_count = {pages + 300}")
        try:
            with pytest.raises(DatabaseError, match="full"):
                kept(bytes_of(PART * (free // 256 + 3)))
            assert (Upload.objects.count(), UploadPart.objects.count()) == (0, 0)
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")


def test_the_name_is_for_showing_only():
    assert shown_name("../../etc/passwd") == "passwd"
    assert shown_name("C:\\Users\\Asha\\facts 2024.csv") == "facts 2024.csv"
    assert shown_name("a\x00b\n\u202ecsv.exe") == "abcsv.exe"
    assert shown_name("तथ्य.csv") == "तथ्य.csv"
    assert shown_name("folder/") == "file"
    long = shown_name("x" * 400 + ".csv")
    assert (len(long), long[-5:]) == (255, "….csv")
    assert len(shown_name("." + "x" * 400)) == 255


@override_settings(IMPORT_KEEP_DAYS=3)
def test_an_upload_is_kept_for_as_many_days_as_the_settings_say():
    upload = kept(b"a\n")
    assert upload.expires_at - upload.at == datetime.timedelta(days=3)


def test_an_expired_upload_is_not_opened():
    upload = kept(b"a\n")
    upload.expires_at = timezone.now()
    with pytest.raises(Unreadable, match="no longer kept"):
        opened(upload)


def test_a_deleted_upload_is_not_opened_nor_read_on():
    upload = kept(bytes_of(PART * 2))
    file = opened(upload)
    assert file.read(1) == b"\x00"
    Upload.objects.filter(pk=upload.pk).delete()
    with pytest.raises(Unreadable, match="no longer kept"):
        file.read()
    with pytest.raises(Unreadable, match="no longer kept"):
        opened(upload)


def test_expire_deletes_what_is_over_and_leaves_the_batches():
    old, new = kept(b"old\n"), kept(b"new\n")
    batch = Batch.objects.create(target="facts", upload=old, by="asha", sha256=old.sha256)
    Upload.objects.filter(pk=old.pk).update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
    assert expire() == 1
    assert expire() == 0
    assert list(Upload.objects.all()) == [new]
    assert UploadPart.objects.get().upload_id == new.pk
    batch.refresh_from_db()
    assert (batch.upload, batch.sha256) == (None, old.sha256)


def test_expire_can_be_asked_about_another_time():
    kept(b"a\n")
    assert expire(timezone.now() + datetime.timedelta(days=13)) == 0
    assert expire(timezone.now() + datetime.timedelta(days=15)) == 1
