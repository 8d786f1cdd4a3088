//! The calls and the misbehaviour that each attempt receives, all derived from the seed, and the table of outcomes.

use std::time::Duration;

use fastrand::Rng;
use purecloud_oauth::{ErrorKind, Operation, Replay};

use crate::raw::{RAW, RawReply};

/// An operation that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    List,
    Replace,
    Delete,
    Query,
    Rotate,
    Create,
    /// The token request before a call.
    SignIn,
}

impl Action {
    pub(crate) fn replay(self) -> Replay {
        match self {
            Action::List => Operation::GET_OAUTH_CLIENTS.replay,
            Action::Replace => Operation::PUT_OAUTH_CLIENT.replay,
            Action::Delete => Operation::DELETE_OAUTH_CLIENT.replay,
            Action::Query => Operation::POST_OAUTH_CLIENT_USAGE_QUERY.replay,
            Action::Rotate => Operation::POST_OAUTH_CLIENT_SECRET.replay,
            Action::Create => Operation::POST_OAUTH_CLIENTS.replay,
            Action::SignIn => Replay::Repeatable,
        }
    }
}

/// The server to which a call is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Route {
    /// HTTP/1.1 over TCP.
    Plain,
    /// HTTP/1.1 over TLS.
    Tls,
    /// HTTP/2 over TLS; each misbehaviour affects a single stream.
    Streams,
    /// HTTP/2 over TLS; each misbehaviour ends the connection for all its streams.
    Connections,
    /// HTTP/1.1 over TCP, with client credentials and a token endpoint that misbehaves, too.
    SignIn,
    /// A server that never serves a request.
    Broken(Broken),
}

/// A defect that a connection has from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Broken {
    Refused,
    Closes,
    Resets,
    NeverReads,
    Garbage,
    Flood,
    TlsStalls,
    TlsGarbage,
    TlsCloses,
    UnknownRoot,
    WrongName,
    TlsThenCloses,
    TlsNeverReads,
    /// ALPN selects HTTP/2, but the server sends HTTP/1.1.
    OtherProtocol,
    /// HTTP/2 without the initial SETTINGS frame.
    NoSettings,
    /// HTTP/2 with `MAX_CONCURRENT_STREAMS=0`.
    NoStreams,
}

impl Broken {
    pub(crate) const ALL: [Broken; 16] = [
        Broken::Refused,
        Broken::Closes,
        Broken::Resets,
        Broken::NeverReads,
        Broken::Garbage,
        Broken::Flood,
        Broken::TlsStalls,
        Broken::TlsGarbage,
        Broken::TlsCloses,
        Broken::UnknownRoot,
        Broken::WrongName,
        Broken::TlsThenCloses,
        Broken::TlsNeverReads,
        Broken::OtherProtocol,
        Broken::NoSettings,
        Broken::NoStreams,
    ];

    /// Returns whether no byte of a request can have been written.
    pub(crate) fn nothing_written(self) -> bool {
        use Broken::{Refused, TlsCloses, TlsGarbage, TlsStalls, UnknownRoot, WrongName};
        matches!(self, Refused | TlsStalls | TlsGarbage | TlsCloses | UnknownRoot | WrongName)
    }

    pub(crate) fn is_tls(self) -> bool {
        !matches!(
            self,
            Broken::Refused
                | Broken::Closes
                | Broken::Resets
                | Broken::NeverReads
                | Broken::Garbage
                | Broken::Flood
        )
    }
}

/// A call, derived from the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallPlan {
    pub(crate) action: Action,
    pub(crate) route: Route,
    pub(crate) deadline: Duration,
    /// The index of the attempt timeout, less than `TIMEOUT_COUNT`.
    pub(crate) timeout_index: usize,
}

/// The number of attempt timeouts for each route.
pub(crate) const TIMEOUT_COUNT: usize = 3;

impl Route {
    fn is_http2(self) -> bool {
        matches!(self, Route::Streams | Route::Connections)
    }

    /// Returns an attempt timeout. With a long one, the deadline ends the attempt. The timeouts are longer over HTTP/2,
    /// where a connection is abandoned if a ping is not acknowledged within a part of the timeout, which may happen on
    /// a loaded machine.
    pub(crate) fn attempt_timeout(self, timeout_index: usize) -> Duration {
        let millis = if self.is_http2() { [1_500, 3_000, 15_000] } else { [300, 700, 5_000] };
        Duration::from_millis(millis[timeout_index])
    }

    /// Returns the shortest time after which a call may fail with a timeout.
    pub(crate) fn shortest_limit(self, timeout_index: usize) -> Duration {
        let parts = if self.is_http2() { 3 } else { 1 };
        self.attempt_timeout(timeout_index) / parts
    }
}

/// The data that a server sends in response to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    Composed(Composed),
    /// Bytes that are not a valid response.
    Raw(RawReply),
    /// A misbehaviour that ends an HTTP/2 connection for all its streams.
    Kill(Kill),
}

/// A response composed of parts, each of which may be defective.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Composed {
    pub(crate) status: u16,
    pub(crate) content: Content,
    pub(crate) framing: Framing,
    pub(crate) gzip: bool,
    pub(crate) cut: Cut,
    pub(crate) ending: Ending,
    /// The pause between pieces of the response.
    pub(crate) drip: Option<Duration>,
    /// True if interim responses with status 100 and 103 are sent first.
    pub(crate) interim: bool,
    pub(crate) retry_after: Option<&'static str>,
    pub(crate) after: After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// The operation's result, or the service's JSON for an error. Errors repeat the request's credentials.
    Proper,
    /// Like `Proper`, with the credentials written as JSON escapes.
    Escaped,
    Html,
    Empty,
    Half,
    List,
    /// Larger than the cap.
    Huge,
    /// Larger than the cap after decompression.
    Bomb,
    /// Endless.
    Endless,
    /// Declared as gzip, but not compressed.
    NotGzip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    UntilClose,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cut {
    Never,
    /// After this fraction of the head.
    Head(f64),
    /// After this fraction of the body.
    Body(f64),
    /// Before the end: the last chunk or the last byte is missing.
    End,
}

/// The behaviour after a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Close,
    HalfClose,
    Reset,
    Stall,
}

/// The behaviour after a complete response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    KeepAlive,
    /// Closes the idle connection after this number of milliseconds.
    Close(u64),
    /// Sends bytes that belong to no response, slightly later.
    Garbage,
    /// Sends a second response in the same write, to which there is no request.
    Surplus,
}

/// A misbehaviour that ends an HTTP/2 connection, or a stream through invalid frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kill {
    Close,
    Reset,
    /// The server stops reading and writing.
    Silence,
    GoAway(u32),
    /// A GOAWAY frame, after which the open streams are served.
    GoAwayThenServe,
    Garbage,
    DataOnStreamZero,
    BadHpack,
    HugeFrame,
    BadSettings,
    WindowOverflow,
    Push,
    EndlessContinuation,
    PingFlood,
    SettingsFlood,
    EmptyDataFlood,
    SwitchingProtocols,
    StatusWithoutNumber,
    ManyInterim,
}

const KILLS: [Kill; 22] = [
    Kill::Close,
    Kill::Reset,
    Kill::Silence,
    Kill::GoAway(0),
    Kill::GoAway(2),
    Kill::GoAway(11),
    Kill::GoAway(13),
    Kill::GoAwayThenServe,
    Kill::Garbage,
    Kill::DataOnStreamZero,
    Kill::BadHpack,
    Kill::HugeFrame,
    Kill::BadSettings,
    Kill::WindowOverflow,
    Kill::Push,
    Kill::EndlessContinuation,
    Kill::PingFlood,
    Kill::SettingsFlood,
    Kill::EmptyDataFlood,
    Kill::SwitchingProtocols,
    Kill::StatusWithoutNumber,
    Kill::ManyInterim,
];

/// The row of the failure table to which a reply belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// A complete, well-formed success.
    Success,
    /// A success or a lost response: HTTP permits both interpretations.
    SuccessOrLost,
    /// 429.
    Throttled,
    /// 401.
    Rejected,
    /// 404.
    Missing,
    /// The other statuses from 400 to 499.
    Refused,
    /// 304 to 399.
    Elsewhere,
    /// A status other than success, followed by a reset that may be processed first.
    Overtaken,
    /// The same for 401 and 429, with which the service has not executed the request.
    OvertakenRefusal,
    /// 408, 502, 503, 504.
    Unavailable,
    /// 500.
    ServerError,
    /// 101, 300 to 303, 501, 505 and more.
    Unsure,
    /// Reset, truncated or unreadable.
    Lost,
    /// Nothing more is sent.
    Stalled,
    /// A lost response or a stall: HTTP permits both interpretations.
    LostOrStalled,
    /// A success that exceeds the cap.
    TooLarge,
}

/// The rule for further attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Never,
    /// Also for operations of class `Once`, because the service has not executed the request.
    ForAll,
    /// Except for operations of class `Once`.
    ExceptOnce,
}

/// A row of the table of outcomes.
pub(crate) struct Outcome {
    pub(crate) effect: Effect,
    /// The kind of the error if this was the last attempt of a repeatable call.
    pub(crate) repeatable: &'static [ErrorKind],
    /// The kind of the error if this was the last attempt of a creation or rotation.
    pub(crate) once: &'static [ErrorKind],
    pub(crate) retry: Retry,
    /// True if an error must report that the service may have acted; `None` if both are allowed.
    pub(crate) may_have_acted: Option<bool>,
}

const API: &[ErrorKind] = &[ErrorKind::Api];
const UNKNOWN: &[ErrorKind] = &[ErrorKind::OutcomeUnknown];
const LOST: &[ErrorKind] = &[ErrorKind::Connection, ErrorKind::UnreadableAnswer];
const API_OR_LOST: &[ErrorKind] = &[ErrorKind::Api, ErrorKind::Connection, ErrorKind::UnreadableAnswer];
const LATE: &[ErrorKind] = &[ErrorKind::Timeout];
const LOST_OR_LATE: &[ErrorKind] = &[ErrorKind::Connection, ErrorKind::UnreadableAnswer, ErrorKind::Timeout];

/// The error with which a call ends, by the effect of its last attempt. A call that reached one of its time limits may
/// also end with `Timeout` or `Connection`, and a creation or rotation with `OutcomeUnknown`.
#[rustfmt::skip]
pub(crate) const OUTCOMES: [Outcome; 16] = [
    row(Effect::Success,       &[],          &[],                                            Retry::Never,      None),
    row(Effect::SuccessOrLost, LOST_OR_LATE, UNKNOWN,                                        Retry::ExceptOnce, None),
    row(Effect::Throttled,     API,          API,                                            Retry::ForAll,     Some(false)),
    row(Effect::Rejected,      API,          API,                                            Retry::ForAll,     Some(false)),
    row(Effect::Missing,       API,          API,                                            Retry::Never,      Some(false)),
    row(Effect::Refused,       API,          API,                                            Retry::Never,      Some(false)),
    row(Effect::Elsewhere,     API,          &[ErrorKind::Api, ErrorKind::OutcomeUnknown],   Retry::Never,      None),
    row(Effect::Overtaken,     API_OR_LOST,  &[ErrorKind::Api, ErrorKind::OutcomeUnknown],   Retry::ExceptOnce, None),
    row(Effect::OvertakenRefusal, API_OR_LOST, &[ErrorKind::Api, ErrorKind::OutcomeUnknown], Retry::ForAll,     None),
    row(Effect::Unavailable,   API,          UNKNOWN,                                        Retry::ExceptOnce, Some(true)),
    row(Effect::ServerError,   API,          UNKNOWN,                                        Retry::ExceptOnce, Some(true)),
    row(Effect::Unsure,        API,          UNKNOWN,                                        Retry::Never,      Some(true)),
    row(Effect::Lost,          LOST,         UNKNOWN,                                        Retry::ExceptOnce, Some(true)),
    row(Effect::Stalled,       LATE,         UNKNOWN,                                        Retry::ExceptOnce, Some(true)),
    row(Effect::LostOrStalled, LOST_OR_LATE, UNKNOWN,                                        Retry::ExceptOnce, Some(true)),
    row(Effect::TooLarge,      &[ErrorKind::UnreadableAnswer], UNKNOWN,                      Retry::Never,      Some(true)),
];

const fn row(
    effect: Effect,
    repeatable: &'static [ErrorKind],
    once: &'static [ErrorKind],
    retry: Retry,
    may_have_acted: Option<bool>,
) -> Outcome {
    Outcome { effect, repeatable, once, retry, may_have_acted }
}

impl Effect {
    pub(crate) fn outcome(self) -> &'static Outcome {
        OUTCOMES.iter().find(|outcome| outcome.effect == self).expect("a row for each effect")
    }

    fn from_status(status: u16) -> Self {
        match status {
            200..=299 => Effect::Success,
            401 => Effect::Rejected,
            404 => Effect::Missing,
            408 | 502..=504 => Effect::Unavailable,
            429 => Effect::Throttled,
            500 => Effect::ServerError,
            304..=399 => Effect::Elsewhere,
            400..=499 => Effect::Refused,
            _ => Effect::Unsure,
        }
    }
}

impl Reply {
    pub(crate) fn effect(&self, action: Action, is_http2: bool) -> Effect {
        match self {
            Reply::Composed(composed) => composed.effect(action, is_http2),
            Reply::Raw(raw) => raw.effect,
            Reply::Kill(Kill::GoAwayThenServe) => Effect::SuccessOrLost,
            Reply::Kill(_) => Effect::LostOrStalled,
        }
    }
}

/// Returns whether responses with this status have no body, regardless of their headers.
pub(crate) fn is_bodiless(status: u16) -> bool {
    status < 200 || matches!(status, 204 | 205 | 304)
}

impl Composed {
    fn effect(&self, action: Action, is_http2: bool) -> Effect {
        let cut_short = match self.ending {
            Ending::Stall => Effect::Stalled,
            Ending::Close | Ending::HalfClose | Ending::Reset => Effect::Lost,
        };
        if matches!(self.cut, Cut::Head(_)) {
            return cut_short;
        }
        // After an interim response, the final one is missing.
        if self.status < 200 && self.status != 101 {
            return cut_short;
        }
        let by_status = Effect::from_status(self.status);
        if by_status != Effect::Success {
            let is_open_ended = self.cut != Cut::Never || self.status < 200;
            let is_reset = is_open_ended && self.ending == Ending::Reset;
            return match by_status {
                Effect::Rejected | Effect::Throttled if is_reset => Effect::OvertakenRefusal,
                _ if is_reset => Effect::Overtaken,
                _ => by_status,
            };
        }
        let body_matters = action != Action::Delete;
        if is_bodiless(self.status) {
            return if body_matters { Effect::Lost } else { Effect::Success };
        }
        match self.content {
            Content::Huge | Content::Bomb | Content::Endless => return Effect::TooLarge,
            _ => {}
        }
        let is_cut = self.cut != Cut::Never;
        if is_cut && self.ending == Ending::Stall {
            // The first bytes may reveal that the body is not gzip.
            let may_be_seen = self.content == Content::NotGzip;
            return if may_be_seen { Effect::LostOrStalled } else { Effect::Stalled };
        }
        let is_whole_for_http = if is_http2 {
            // A stream may end early without an error: through END_STREAM, and some reasons of RST_STREAM.
            true
        } else {
            self.framing == Framing::UntilClose && self.ending != Ending::Reset
        };
        if is_cut && !is_whole_for_http {
            return Effect::Lost;
        }
        let readable = matches!(self.content, Content::Proper | Content::Escaped);
        match (is_cut, body_matters) {
            // The cut may be before the first byte of the body; an empty body is valid for this operation.
            (true, false) => Effect::SuccessOrLost,
            _ if self.content == Content::NotGzip => Effect::Lost,
            (true, true) if is_http2 && self.cut == Cut::End => Effect::SuccessOrLost,
            (true, true) => Effect::Lost,
            (false, true) if !readable => Effect::Lost,
            (false, _) => Effect::Success,
        }
    }
}

/// The seed, from which all calls and replies are derived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// The flood with which the first call is answered in a test of floods; all other calls receive a correct listing.
    pub(crate) flood: Option<Reply>,
}

impl Plan {
    fn rng(self, call: usize, attempt: usize, purpose: u64) -> Rng {
        let mixed = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ (call as u64).wrapping_mul(0xD1B5_4A32_D192_ED03)
            ^ (attempt as u64).wrapping_mul(0x8CB9_2BA7_2F3D_8DD7)
            ^ purpose.wrapping_mul(0xA24B_AED4_963E_E407);
        Rng::with_seed(mixed)
    }

    pub(crate) fn call(self, call: usize) -> CallPlan {
        if let Some(flood) = self.flood {
            let route = if matches!(flood, Reply::Kill(_)) { Route::Connections } else { Route::Plain };
            return CallPlan {
                action: Action::List,
                route,
                deadline: Duration::from_millis(500),
                timeout_index: 2,
            };
        }
        let mut rng = self.rng(call, 0, 1);
        let actions = [
            Action::List,
            Action::Replace,
            Action::Delete,
            Action::Query,
            Action::Rotate,
            Action::Rotate,
            Action::Create,
            Action::Create,
        ];
        let route = match rng.u8(..100) {
            0..40 => Route::Plain,
            40..52 => Route::Tls,
            52..72 => Route::Streams,
            72..86 => Route::Connections,
            86..94 => Route::SignIn,
            _ => Route::Broken(Broken::ALL[rng.usize(..Broken::ALL.len())]),
        };
        let deadlines = [200, 250, 300, 400, 500, 700, 1_000, 2_000];
        CallPlan {
            action: actions[rng.usize(..actions.len())],
            route,
            deadline: Duration::from_millis(deadlines[rng.usize(..deadlines.len())]),
            timeout_index: rng.usize(..TIMEOUT_COUNT),
        }
    }

    /// Returns the reply to an attempt of a call, counted from 0.
    pub(crate) fn reply(self, call: usize, attempt: usize) -> Reply {
        let route = self.call(call).route;
        let mut rng = self.rng(call, attempt, 2);
        if let Some(flood) = self.flood {
            let whole = Composed { interim: false, framing: Framing::Length, ..complete(&mut rng) };
            return if call == 0 { flood } else { Reply::Composed(whole) };
        }
        let proper = Reply::Composed(proper(&mut rng));
        match route {
            // Most later attempts succeed, so that retries reach their end.
            _ if attempt > 0 && rng.u8(..100) < 50 => proper,
            Route::SignIn if attempt == 0 && rng.u8(..100) < 15 => {
                Reply::Composed(Composed { status: 401, ..complete(&mut rng) })
            }
            Route::SignIn if rng.u8(..100) < 70 => proper,
            Route::Connections if rng.u8(..100) < 50 => Reply::Kill(KILLS[rng.usize(..KILLS.len())]),
            Route::Plain | Route::Tls | Route::SignIn if rng.u8(..100) < 25 => {
                Reply::Raw(RAW[rng.usize(..RAW.len())])
            }
            Route::Streams | Route::Connections => Reply::Composed(composed(&mut rng).for_http2()),
            Route::Plain | Route::Tls | Route::SignIn | Route::Broken(_) => {
                Reply::Composed(composed(&mut rng))
            }
        }
    }

    /// Returns the reply to a sign-in before a call.
    pub(crate) fn sign_in_reply(self, call: usize, attempt: usize) -> Reply {
        let mut rng = self.rng(call, attempt, 3);
        match rng.u8(..100) {
            0..40 => Reply::Composed(proper(&mut rng)),
            40..55 => Reply::Raw(RAW[rng.usize(..RAW.len())]),
            _ => Reply::Composed(composed(&mut rng)),
        }
    }
}

fn choose<T: Copy>(rng: &mut Rng, values: &[T]) -> T {
    values[rng.usize(..values.len())]
}

/// Returns a complete response with the operation's result.
fn complete(rng: &mut Rng) -> Composed {
    Composed {
        status: choose(rng, &[200, 200, 200, 201, 202, 206, 299]),
        content: Content::Proper,
        framing: choose(rng, &[Framing::Length, Framing::Length, Framing::Chunked, Framing::UntilClose]),
        gzip: rng.bool(),
        cut: Cut::Never,
        ending: Ending::Close,
        drip: None,
        interim: rng.u8(..10) == 0,
        retry_after: None,
        after: After::KeepAlive,
    }
}

fn proper(rng: &mut Rng) -> Composed {
    let after = match rng.u8(..10) {
        0 => After::Close(0),
        1 => After::Close(rng.u64(1..20)),
        2 => After::Garbage,
        3 => After::Surplus,
        _ => After::KeepAlive,
    };
    Composed { after, ..complete(rng) }
}

fn composed(rng: &mut Rng) -> Composed {
    let status = match rng.u8(..10) {
        0..4 => 200,
        4..7 => rng.u16(100..1_000),
        _ => choose(rng, &[101, 204, 301, 302, 307, 400, 401, 404, 408, 409, 413, 429, 500, 502, 503, 504]),
    };
    let content = match rng.u8(..20) {
        0..9 => Content::Proper,
        9 | 10 => Content::Escaped,
        11 | 12 => Content::Html,
        13 => Content::Empty,
        14 => Content::Half,
        15 => Content::List,
        16 => Content::Huge,
        17 => Content::Bomb,
        18 => Content::Endless,
        _ => Content::NotGzip,
    };
    let ending = choose(rng, &[Ending::Close, Ending::HalfClose, Ending::Reset, Ending::Stall]);
    let may_be_cut = !matches!(content, Content::Huge | Content::Bomb | Content::Endless | Content::Empty);
    let cut = match rng.u8(..10) {
        _ if is_bodiless(status) || !may_be_cut => Cut::Never,
        0 | 1 => Cut::Head(rng.f64()),
        2 | 3 => Cut::Body(rng.f64()),
        4 => Cut::End,
        _ => Cut::Never,
    };
    let retry_after =
        choose(rng, &[None, None, None, Some("0"), Some("1"), Some("3600"), Some("soon"), Some("-1")]);
    let drip = (rng.u8(..12) == 0).then(|| Duration::from_millis(rng.u64(5..80)));
    Composed {
        status,
        content,
        gzip: rng.u8(..4) == 0 && content != Content::Empty,
        cut,
        ending,
        drip: drip.filter(|_| may_be_cut),
        retry_after,
        ..proper(rng)
    }
}

impl Composed {
    /// Returns the closest response that an HTTP/2 server can send: a final one, and without effects on other streams.
    fn for_http2(self) -> Self {
        let status = if self.status < 200 { self.status + 400 } else { self.status };
        Composed { status, after: After::KeepAlive, ..self }
    }
}
