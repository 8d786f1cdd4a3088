"""Replaces the system's browser in tests: `BROWSER="python3 browser.py %s"`.

Opens an address, follows redirects, keeps cookies, and prints nothing. Exits with 0 if the last response is a page
with status 200, and with 1 otherwise.
"""

import http.client
import http.cookiejar
import sys
import urllib.request

TIMEOUT_SECONDS = 30


def open_page(address: str) -> bool:
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    # All servers run on this machine, so a proxy from the environment is ignored.
    browser = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))
    try:
        with browser.open(address, timeout=TIMEOUT_SECONDS) as page:
            page.read()
            return page.status == 200
    except (OSError, http.client.HTTPException):
        return False


if __name__ == "__main__":
    sys.exit(0 if open_page(sys.argv[1]) else 1)
