//! Invalid responses over HTTP/1.1, byte by byte.

use std::fmt;

use crate::plan::Effect;

/// A reply and its part of the failure table.
#[derive(Clone, Copy)]
pub(crate) struct RawReply {
    pub(crate) name: &'static str,
    pub(crate) bytes: &'static [u8],
    /// The bytes that are sent repeatedly until the client closes the connection.
    pub(crate) flood: &'static [u8],
    pub(crate) then: Then,
    pub(crate) effect: Effect,
}

impl fmt::Debug for RawReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Close,
    Stall,
}

const fn raw(name: &'static str, bytes: &'static [u8], then: Then, effect: Effect) -> RawReply {
    RawReply { name, bytes, flood: b"", then, effect }
}

const fn flood(name: &'static str, bytes: &'static [u8], flood: &'static [u8], effect: Effect) -> RawReply {
    RawReply { name, bytes, flood, then: Then::Close, effect }
}

use Effect::{Lost, LostOrStalled, SuccessOrLost, TooLarge, Unsure};
use Then::{Close, Stall};

/// The replies. Only those that may be a success contain an operation's result.
pub(crate) const RAW: [RawReply; 34] = [
    raw("random bytes", b"\x93\x07\xFE\x00\xC4k\x1A\xFF\x80\x7Fq\xD2\r\n\r\n", Close, Lost),
    raw(
        "random bytes and silence",
        b"\x93\x07\xFE\x00\xC4k\x1A\xFF\x80\x7Fq\xD2\r\n\r\n",
        Stall,
        LostOrStalled,
    ),
    raw("an SSH banner", b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", Stall, LostOrStalled),
    raw("HTTP/0.9", b"<html>ready</html>", Close, Lost),
    raw("HTTP/2 in the clear", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", Stall, LostOrStalled),
    raw("another version", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", Close, Lost),
    raw("another protocol", b"ICY 200 OK\r\nContent-Length: 2\r\n\r\n{}", Close, Lost),
    raw("a status of two digits", b"HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\n{}", Close, Lost),
    raw("a status of four digits", b"HTTP/1.1 2000 High\r\nContent-Length: 2\r\n\r\n{}", Close, Lost),
    raw("status 000", b"HTTP/1.1 000 None\r\nContent-Length: 2\r\n\r\n{}", Close, Lost),
    raw("a status without a number", b"HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\n{}", Close, Lost),
    raw("a length without a number", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}", Close, Lost),
    raw("a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", Close, Lost),
    raw(
        "two lengths",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n[]",
        Close,
        LostOrStalled,
    ),
    raw(
        "a length beyond 64 bits",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n[]",
        Close,
        Lost,
    ),
    raw(
        "a length beyond the cap",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n[]",
        Close,
        TooLarge,
    ),
    raw(
        "too short a length",
        b"HTTP/1.1 500 Error\r\nContent-Length: 3\r\n\r\n{\"message\":\"m\"}",
        Close,
        Effect::ServerError,
    ),
    raw(
        "length and chunks",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        Close,
        SuccessOrLost,
    ),
    raw(
        "a chunk size without a number",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n[]\r\n0\r\n\r\n",
        Close,
        Lost,
    ),
    raw(
        "a chunk size beyond 64 bits",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n[]\r\n",
        Close,
        Lost,
    ),
    raw(
        "the largest chunk size",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n[]\r\n",
        Close,
        Lost,
    ),
    raw(
        "a chunk longer than it says",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[]\r\n0\r\n\r\n",
        Close,
        Lost,
    ),
    raw(
        "an unknown transfer encoding",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: zip\r\n\r\n[]",
        Stall,
        LostOrStalled,
    ),
    raw(
        "an unknown content encoding",
        b"HTTP/1.1 500 Error\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\n\x0B\x02\x80",
        Close,
        Effect::ServerError,
    ),
    raw(
        "a header without a colon",
        b"HTTP/1.1 500 Error\r\nno colon here\r\nContent-Length: 2\r\n\r\n{}",
        Close,
        LostOrStalled,
    ),
    raw(
        "a NUL in a header",
        b"HTTP/1.1 500 Error\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\n{}",
        Close,
        LostOrStalled,
    ),
    raw(
        "switching protocols",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
        Stall,
        Unsure,
    ),
    flood(
        "endless headers",
        b"HTTP/1.1 200 OK\r\n",
        b"X-Trace: 0123456789012345678901234567890123456789\r\n",
        LostOrStalled,
    ),
    flood(
        "an endless header",
        b"HTTP/1.1 200 OK\r\nX-Trace: ",
        b"01234567890123456789012345678901234567890123456789",
        LostOrStalled,
    ),
    flood(
        "endless interim responses",
        b"",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        LostOrStalled,
    ),
    flood("an endless status line", b"HTTP/1.1 200 ", b"OK and still OK, and so it goes on, ", LostOrStalled),
    flood(
        "an endless chunk extension",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;",
        b"name=value;name=value;name=value;",
        LostOrStalled,
    ),
    flood(
        "endless trailers",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X-Trace: 0123456789012345678901234567890123456789\r\n",
        LostOrStalled,
    ),
    flood("endless empty lines", b"", b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", LostOrStalled),
];
