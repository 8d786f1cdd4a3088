"""Stands in for the system's browser: `BROWSER="python3 browser.py %s"`.

Opens an address, goes where it is sent, with the cookies that it is given, and prints nothing. Ends with 0 if it got a
page at last, and with 1 if it did not.
"""

import http.client
import http.cookiejar
import sys
import urllib.request

ANSWERED_WITHIN_SECONDS = 30


def opened(address: str) -> bool:
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    # Everything is on this machine, whatever proxy the environment names.
    browser = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))
    try:
        with browser.open(address, timeout=ANSWERED_WITHIN_SECONDS) as page:
            page.read()
            return page.status == 200
    except (OSError, http.client.HTTPException):
        return False


if __name__ == "__main__":
    sys.exit(0 if opened(sys.argv[1]) else 1)
