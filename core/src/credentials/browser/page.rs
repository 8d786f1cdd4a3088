//! The pages that the user sees in the browser after signing in.

use http::{HeaderValue, Response, StatusCode, header};

/// A page for the user's browser. It contains nothing from the request.
pub(super) struct Page {
    status: StatusCode,
    title: &'static str,
    text: &'static str,
}

impl Page {
    pub(super) const DONE: Page = Page {
        status: StatusCode::OK,
        title: "Back to the program",
        text: "The program that opened this page continues. You can close this page.",
    };
    pub(super) const REFUSED: Page = Page {
        status: StatusCode::OK,
        title: "Not signed in",
        text: "The sign-in was refused. The program that opened this page shows the reason. You can close this page.",
    };
    pub(super) const NOT_EXPECTED: Page = Page {
        status: StatusCode::BAD_REQUEST,
        title: "Not expected",
        text: "This page does not belong to the sign-in that the program waits for. Start again from the program.",
    };
    pub(super) const NOT_HERE: Page = Page {
        status: StatusCode::NOT_FOUND,
        title: "Nothing here",
        text: "There is nothing at this address.",
    };

    pub(super) fn response(&self) -> Response<String> {
        let Page { title, text, .. } = self;
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title>\
             <style>body{{font:1.1em sans-serif;margin:4em auto;max-width:30em;padding:0 1em}}</style></head>\n\
             <body><h1>{title}</h1><p>{text}</p></body>\n</html>\n"
        );
        let mut response = Response::new(html);
        *response.status_mut() = self.status;
        // The URL contains the code, so the browser must not cache the page or send the URL as a referrer.
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
