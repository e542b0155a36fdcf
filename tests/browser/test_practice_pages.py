"""Every page of practice: nothing that axe finds, nothing that scrolls sideways."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.usefixtures("content")


def test_every_page_of_practice_passes_axe_and_fits(live_server, page: Page, axe, fits):
    def look() -> None:
        axe(page)
        fits(page, 320)

    page.goto(f"{live_server.url}/practise/?topic=defence-cooperation")
    look()
    page.get_by_role("button", name="Practise this topic").click()
    look()
    page.get_by_role("button", name="Check answer").click()
    look()
    page.get_by_role("radio").first.check()
    look()
    page.get_by_role("button", name="Check answer").click()
    expect(page.locator("#verdict")).to_be_focused()
    for summary in page.get_by_text("See the passage", exact=True).all():
        if summary.evaluate("element => element.closest('summary') !== null"):
            summary.click()
    look()
    page.get_by_role("link", name="Next question").click()
    while page.get_by_role("button", name="Skip").count():
        page.get_by_role("button", name="Skip").click()
    look()
    page.get_by_role("link", name="Read them instead").click()
    look()
    page.goto(f"{live_server.url}/questions/Q-0001/")
    look()
