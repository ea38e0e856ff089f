# SPDX-License-Identifier: MIT
"""Chromium without a window, and HAProxy's stats page as it shows it."""

import os

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import Select, WebDriverWait

from children import PATIENCE

# the cells of a server's row on a page that has boxes to tick
QUEUED, SESSIONS, STATUS, CHECK = 2, 8, 23, 24


class Browser:
    """A profile of its own in `directory`: nothing is remembered from one test to another."""

    def __init__(self, directory):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for word in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-dev-shm-usage",
                     "disable-background-networking", "disable-component-update", "disable-sync",
                     "ignore-certificate-errors", "hide-scrollbars", "window-size=1920,1200",
                     f"user-data-dir={os.path.join(directory, 'chromium')}"):
            options.add_argument(f"--{word}")
        self.driver = webdriver.Chrome(options=options, service=Service(
            "/usr/bin/chromedriver", log_path=os.path.join(directory, "chromedriver.log")))
        self.driver.set_page_load_timeout(3 * PATIENCE)

    def stop(self):
        self.driver.quit()

    def open(self, url):
        self.driver.get(url)

    def submit(self, form=None):
        """Sends the form, or the page's only one, and waits for the answer: a click does not always."""
        button = (form or self.driver).find_element(By.CSS_SELECTOR, "input[type=submit]")
        button.click()
        WebDriverWait(self.driver, PATIENCE).until(staleness_of(button))
        WebDriverWait(self.driver, PATIENCE).until(
            lambda driver: driver.execute_script("return document.readyState") == "complete")

    @property
    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def screenshot(self, path):
        """The whole page, however long it is."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        body = self.driver.find_element(By.TAG_NAME, "html")
        self.driver.set_window_size(1920, 160 + body.size["height"])
        assert self.driver.save_screenshot(path)

    # the stats page

    def descriptions(self):
        """{proxy: its description}"""
        heads = self.driver.find_elements(By.XPATH, "//tr[th[@class='pxname']]")
        return {head.find_element(By.CSS_SELECTOR, "a.px").text: head.find_elements(By.TAG_NAME, "th")[1].text
                for head in heads}

    def row(self, server):
        """The cells of "ct/ct1"."""
        row = self.driver.find_element(By.XPATH, f"//a[@name='{server}']/ancestor::tr[1]")
        return row.find_elements(By.XPATH, "./td")

    def status(self, server):
        """The words of "12s DOWN", or "3s UP 1/2", behind the time."""
        return self.row(server)[STATUS].text.split(" ", 1)[-1]

    def seen(self, server, cell):
        """What the cell shows, without a mouse."""
        return self.row(server)[cell].text

    def tip(self, server, cell):
        """What is shown when the mouse is on the cell."""
        ActionChains(self.driver).move_to_element(self.row(server)[cell].find_element(By.TAG_NAME, "u")).perform()
        return self.row(server)[cell].find_element(By.CSS_SELECTOR, "div.tips").text

    def apply(self, action, *servers):
        """Ticks the boxes of "ct/ct1", chooses what to do with them (as "drain"), and sends the form."""
        form = None
        for server in servers:
            box = self.row(server)[0].find_element(By.TAG_NAME, "input")
            box.click()
            form = box.find_element(By.XPATH, "./ancestor::form")
        Select(form.find_element(By.NAME, "action")).select_by_value(action)
        self.submit(form)
