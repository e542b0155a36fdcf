"""What holds for every file of a kind, so that no one has to remember it."""

import re
from pathlib import Path

import django
import import_export
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.db.models import Model

ROOT = Path(settings.BASE_DIR)
APPS = ["config", "curation", "relations", "quizzes"]
FOLDER = ROOT / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
# Django looks for these by name; so do the template folders of the packages whose pages we restyle.
FOUND_BY_NAME = {"400.html", "403.html", "404.html", "500.html"}
NOT_USED_YET = {"429.html": "for the first page that limits how often it is asked"}
PACKAGES = [Path(django.__file__).parent / "contrib/admin/templates", Path(import_export.__file__).parent / "templates"]
# The styleguide shows components and tells nothing; names are the same in every language.
NOT_TRANSLATED = {"styleguide.html"}
NAMES = "Sandarbh|संदर्भ|JSON|CSV"
# What people edit elsewhere, or not at all: each with the reason.
NOT_IN_ADMIN = {
    "curation.Row": "of a batch, on its page",
    "curation.Stamp": "one row that moves when anything changes",
    "curation.Step": "as above",
    "curation.Upload": "as above: its name, size and hash",
    "curation.UploadPart": "bytes",
    "quizzes.AttemptQuestion": "an attempt is a student's and is read-only",
    "quizzes.Response": "as above",
    "relations.PassageText": "attached as a whole document by attach_text, never typed",
}

every_template = pytest.mark.parametrize("name", TEMPLATES)


def source(name: str) -> str:
    """The template without its comments."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return re.sub(r"{#.*?#}|{%\s*comment\b.*?endcomment\s*%}|<!--.*?-->", "", text, flags=re.DOTALL)


def python_files() -> list[Path]:
    return [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]


def overrides(name: str) -> bool:
    """The template stands in for one of a package, or is found through the name of an app and a model."""
    by_model = re.fullmatch(
        r"admin/(\w+)/(?:\w+/)?(change_form|change_list|delete_confirmation|object_history)\.html", name
    )
    return name in FOUND_BY_NAME or bool(by_model) or any((folder / name).exists() for folder in PACKAGES)


# --- templates ------------------------------------------------------------------------------
def test_every_template_is_used() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in python_files())
    written += "".join(source(name) for name in TEMPLATES)
    unused = [name for name in TEMPLATES if f'"{name}"' not in written and not overrides(name)]
    assert unused == sorted(NOT_USED_YET)


@every_template
def test_template_escapes_everything(name: str) -> None:
    assert re.findall(r"\|\s*safe(?:seq)?\b|{%\s*autoescape\s+off", source(name)) == []


@every_template
def test_template_has_nothing_inline(name: str) -> None:
    """The policy forbids it (no `unsafe-*`), and the browser would drop it without a word."""
    text = re.sub(r"{%.*?%}|{{.*?}}", "", source(name), flags=re.DOTALL)
    styles = re.findall(r"<[^>]*\sstyle\s*=|<style\b", text)
    handlers = re.findall(r"<[^>]*\son[a-z]+\s*=", text)
    scripts = [tag for tag in re.findall(r"<script\b[^>]*>", text) if not re.search(r"\ssrc\s*=", tag)]
    assert (styles, handlers, scripts) == ([], [], [])


@every_template
def test_template_includes_with_only(name: str) -> None:
    """An include that sees the whole context uses what no one gave it."""
    included = re.findall(r"{%\s*include\s+(\S+)(.*?)%}", source(name), flags=re.DOTALL)
    ours = [(given, rest) for given, rest in included if given.strip("\"'") in TEMPLATES or given[0] not in "\"'"]
    assert [given for given, rest in ours if rest.split()[-1:] != ["only"]] == []


@every_template
def test_template_text_is_marked_for_translation(name: str) -> None:
    if name in NOT_TRANSLATED:
        return
    text = re.sub(r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", "", source(name), flags=re.DOTALL)
    text = re.sub(r"{%\s*block \w*class\s*%}.*?{%\s*endblock", "{% ", text, flags=re.DOTALL)  # for the stylesheet
    text = re.sub(rf"{{%.*?%}}|{{{{.*?}}}}|&\w+;|{NAMES}", " ", text, flags=re.DOTALL)
    told = re.findall(r"\s(?:aria-label|alt|title|placeholder)=[\"']([^\"']+)", text)
    shown = re.split(r"<[^>]*>", text)
    words = [word for part in [*told, *shown] for word in re.findall(r"[^\W\d_]{2,}", part)]
    assert words == []


# --- code and files -------------------------------------------------------------------------
def test_markup_is_trusted_in_one_place() -> None:
    trusting = [path.relative_to(ROOT).as_posix() for path in python_files() if "mark_safe(" in path.read_text("utf-8")]
    assert trusting == ["relations/search/highlighting.py"]  # it escapes first, and has tests of its own


@pytest.mark.parametrize(
    "name", ["requirements/uv.txt", "requirements/base.txt", "requirements/dev.txt", "package-lock.json"]
)
def test_lock_file_holds_no_address(name: str) -> None:
    """A lock names what and its hash; where from is the business of each machine."""
    assert re.findall(r"\w+://\S+", (ROOT / name).read_text(encoding="utf-8")) == []


def test_every_model_can_be_seen_in_the_admin() -> None:
    registered = set(admin.site._registry)
    inline = {shown.model for options in admin.site._registry.values() for shown in options.inlines}

    def label(model: type[Model]) -> str:
        return model._meta.label

    ours = {model for app in APPS[1:] for model in apps.get_app_config(app).get_models()}
    assert sorted(map(label, ours - registered - inline)) == sorted(NOT_IN_ADMIN)


def test_static_files_name_only_files_that_exist(settings, tmp_path: Path) -> None:
    """`collectstatic` follows each address in our stylesheets and scripts and fails on one that leads nowhere."""
    settings.STATIC_ROOT = tmp_path
    storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": storage}}
    call_command("collectstatic", interactive=False, verbosity=0)
    assert (tmp_path / "staticfiles.json").exists()
