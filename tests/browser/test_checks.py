"""What the other tests hold every page to can fail."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import WCAG, violations

pytestmark = pytest.mark.browser

PAGE = '<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>{}</main></html>'


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("<p>Nothing.</p>", []),
        ('<img src="data:,">', ["image-alt"]),
        ('<p style="color: #999; background: #fff">Pale.</p>', ["color-contrast"]),
        ("<input>", ["label"]),
    ],
)
def test_axe_finds_what_is_planted(page: Page, planted: str, found: list[str]) -> None:
    page.set_content(PAGE.format(planted))
    assert [violation.split(":")[0] for violation in violations(page, WCAG)] == found
