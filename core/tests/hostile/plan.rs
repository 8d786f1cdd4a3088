//! The calls and the misbehaviour that each attempt meets, all chosen by the seed, and the table of outcomes.

use std::time::Duration;

use fastrand::Rng;
use purecloud_oauth::{ErrorKind, Operation, Replay};

use crate::raw::{RAW, RawReply};

/// The operations called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    List,
    Replace,
    Delete,
    Query,
    Rotate,
    Create,
    /// The token request in front of a call.
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

/// The server that a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Route {
    /// HTTP/1.1 over TCP.
    Plain,
    /// HTTP/1.1 over TLS.
    Tls,
    /// HTTP/2 over TLS; each misbehaviour is one stream's.
    Streams,
    /// HTTP/2 over TLS; misbehaviour ends the connection for all its streams.
    Connections,
    /// HTTP/1.1 over TCP, with client credentials and a token endpoint that misbehaves as well.
    SignIn,
    /// A server that never serves a request.
    Broken(Broken),
}

/// What is wrong with a connection from its beginning.
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
    /// HTTP/2 is agreed upon, and HTTP/1.1 is spoken.
    OtherProtocol,
    /// HTTP/2 without the settings that open it.
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

    /// Whether no byte of a request can have been written.
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

/// A call, chosen by the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallPlan {
    pub(crate) action: Action,
    pub(crate) route: Route,
    pub(crate) deadline: Duration,
    /// The setting of the API object, below `PATIENCES`.
    pub(crate) patience: usize,
}

/// The number of settings that API objects for a route are made with.
pub(crate) const PATIENCES: usize = 3;

impl Route {
    fn is_http2(self) -> bool {
        matches!(self, Route::Streams | Route::Connections)
    }

    /// The limit of an attempt; a long one leaves the end of an attempt to the deadline. Over HTTP/2 all are longer: a
    /// connection is given up after a part of it without a response to a ping, which on a loaded machine may be late.
    pub(crate) fn attempt_timeout(self, patience: usize) -> Duration {
        let millis = if self.is_http2() { [1_500, 3_000, 15_000] } else { [300, 700, 5_000] };
        Duration::from_millis(millis[patience])
    }

    /// The shortest time after which a call may fail for the lack of time.
    pub(crate) fn shortest_limit(self, patience: usize) -> Duration {
        let parts = if self.is_http2() { 3 } else { 1 };
        self.attempt_timeout(patience) / parts
    }
}

/// What a server sends in response to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    Composed(Composed),
    /// Bytes that are no response by the rules.
    Raw(RawReply),
    /// Something that ends an HTTP/2 connection for all its streams.
    Kill(Kill),
}

/// A response put together from parts that may each go wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Composed {
    pub(crate) status: u16,
    pub(crate) content: Content,
    pub(crate) framing: Framing,
    pub(crate) gzip: bool,
    pub(crate) cut: Cut,
    pub(crate) ending: Ending,
    /// A pause between pieces of the response.
    pub(crate) drip: Option<Duration>,
    /// Status 100 and 103 in front.
    pub(crate) interim: bool,
    pub(crate) retry_after: Option<&'static str>,
    pub(crate) after: After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// What the operation returns; of an error, the service's JSON. Errors repeat the request's credentials.
    Proper,
    /// The credentials written with escapes.
    Escaped,
    Html,
    Empty,
    Half,
    List,
    /// More than the cap allows.
    Huge,
    /// More than the cap allows once it is unpacked.
    Bomb,
    /// Without an end.
    Endless,
    /// Said to be gzip, and not.
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
    /// After this part of the head.
    Head(f64),
    /// After this part of the body.
    Body(f64),
    /// Only the end is missing: the last chunk, or the last byte.
    End,
}

/// What follows a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Close,
    HalfClose,
    Reset,
    Stall,
}

/// What follows a whole response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    KeepAlive,
    /// Closes the idle connection after so many milliseconds.
    Close(u64),
    /// Sends bytes that belong to no response, a little later.
    Garbage,
    /// Sends another success in the same write, which is a response to no request.
    Surplus,
}

/// Something that ends an HTTP/2 connection, or a stream by frames that the rules forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kill {
    Close,
    Reset,
    /// Nothing is read or written any more.
    Silence,
    GoAway(u32),
    /// A GOAWAY after which the streams are served.
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

/// The part of the failure table that a reply belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// A whole, well-formed success.
    Success,
    /// Success, or as good as lost: HTTP leaves it open.
    SuccessOrLost,
    /// 429.
    Throttled,
    /// 401.
    Rejected,
    /// 404.
    Missing,
    /// The rest of 400 to 499.
    Refused,
    /// 304 to 399.
    Elsewhere,
    /// A status that is not success, followed by a reset that may overtake it.
    Overtaken,
    /// The same of 401 and 429: the service has not acted.
    OvertakenRefusal,
    /// 408, 502, 503, 504.
    Unavailable,
    /// 500.
    ServerError,
    /// 101, 300 to 303, 501, 505 and more.
    Unsure,
    /// Reset, cut, or unreadable.
    Lost,
    /// Nothing more comes.
    Stalled,
    /// Lost, or nothing more comes: HTTP leaves it open.
    LostOrStalled,
    /// A success that is too large.
    TooLarge,
}

/// Whether another attempt may follow, but for `Once`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Never,
    /// Also for `Once`: the service has not acted.
    ForAll,
    ButOnce,
}

/// A row of the table of outcomes.
pub(crate) struct Outcome {
    pub(crate) effect: Effect,
    /// The error's kind where this was the last attempt of a call that may be repeated.
    pub(crate) repeatable: &'static [ErrorKind],
    /// The same of a creation or rotation.
    pub(crate) once: &'static [ErrorKind],
    pub(crate) again: Again,
    /// Whether an error must say that the service may have acted; `None` where both are right.
    pub(crate) may_have_acted: Option<bool>,
}

const API: &[ErrorKind] = &[ErrorKind::Api];
const UNKNOWN: &[ErrorKind] = &[ErrorKind::OutcomeUnknown];
const LOST: &[ErrorKind] = &[ErrorKind::Connection, ErrorKind::UnreadableAnswer];
const API_OR_LOST: &[ErrorKind] = &[ErrorKind::Api, ErrorKind::Connection, ErrorKind::UnreadableAnswer];
const LATE: &[ErrorKind] = &[ErrorKind::Timeout];
const LOST_OR_LATE: &[ErrorKind] = &[ErrorKind::Connection, ErrorKind::UnreadableAnswer, ErrorKind::Timeout];

/// The error that a call ends with, by what its last attempt met. A call that ran into one of its limits may in
/// addition be a `Timeout` or a `Connection`, and a creation or rotation an `OutcomeUnknown`.
#[rustfmt::skip]
pub(crate) const OUTCOMES: [Outcome; 16] = [
    row(Effect::Success,       &[],          &[],                                            Again::Never,   None),
    row(Effect::SuccessOrLost, LOST_OR_LATE, UNKNOWN,                                        Again::ButOnce, None),
    row(Effect::Throttled,     API,          API,                                            Again::ForAll,  Some(false)),
    row(Effect::Rejected,      API,          API,                                            Again::ForAll,  Some(false)),
    row(Effect::Missing,       API,          API,                                            Again::Never,   Some(false)),
    row(Effect::Refused,       API,          API,                                            Again::Never,   Some(false)),
    row(Effect::Elsewhere,     API,          &[ErrorKind::Api, ErrorKind::OutcomeUnknown],   Again::Never,   None),
    row(Effect::Overtaken,     API_OR_LOST,  &[ErrorKind::Api, ErrorKind::OutcomeUnknown],   Again::ButOnce, None),
    row(Effect::OvertakenRefusal, API_OR_LOST, &[ErrorKind::Api, ErrorKind::OutcomeUnknown], Again::ForAll,  None),
    row(Effect::Unavailable,   API,          UNKNOWN,                                        Again::ButOnce, Some(true)),
    row(Effect::ServerError,   API,          UNKNOWN,                                        Again::ButOnce, Some(true)),
    row(Effect::Unsure,        API,          UNKNOWN,                                        Again::Never,   Some(true)),
    row(Effect::Lost,          LOST,         UNKNOWN,                                        Again::ButOnce, Some(true)),
    row(Effect::Stalled,       LATE,         UNKNOWN,                                        Again::ButOnce, Some(true)),
    row(Effect::LostOrStalled, LOST_OR_LATE, UNKNOWN,                                        Again::ButOnce, Some(true)),
    row(Effect::TooLarge,      &[ErrorKind::UnreadableAnswer], UNKNOWN,                      Again::Never,   Some(true)),
];

const fn row(
    effect: Effect,
    repeatable: &'static [ErrorKind],
    once: &'static [ErrorKind],
    again: Again,
    may_have_acted: Option<bool>,
) -> Outcome {
    Outcome { effect, repeatable, once, again, may_have_acted }
}

impl Effect {
    pub(crate) fn outcome(self) -> &'static Outcome {
        OUTCOMES.iter().find(|outcome| outcome.effect == self).expect("a row for each effect")
    }

    fn of_status(status: u16) -> Self {
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

/// Statuses whose responses have no body, whatever their headers say.
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
        // An interim response: the final one does not come.
        if self.status < 200 && self.status != 101 {
            return cut_short;
        }
        let by_status = Effect::of_status(self.status);
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
            // The first bytes may show that it is no gzip.
            let may_be_seen = self.content == Content::NotGzip;
            return if may_be_seen { Effect::LostOrStalled } else { Effect::Stalled };
        }
        let is_whole_for_http = if is_http2 {
            // A stream may end early without an error: END_STREAM, and some reasons of RST_STREAM.
            true
        } else {
            self.framing == Framing::UntilClose && self.ending != Ending::Reset
        };
        if is_cut && !is_whole_for_http {
            return Effect::Lost;
        }
        let readable = matches!(self.content, Content::Proper | Content::Escaped);
        match (is_cut, body_matters) {
            // Not one byte of the body may have been sent, which is a body as well.
            (true, false) => Effect::SuccessOrLost,
            _ if self.content == Content::NotGzip => Effect::Lost,
            (true, true) if is_http2 && self.cut == Cut::End => Effect::SuccessOrLost,
            (true, true) => Effect::Lost,
            (false, true) if !readable => Effect::Lost,
            (false, _) => Effect::Success,
        }
    }
}

/// The seed, from which everything follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// The flood that the first of otherwise untroubled listings meets, in a test of just that.
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
                patience: 2,
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
            patience: rng.usize(..PATIENCES),
        }
    }

    /// The reply to an attempt of a call, counted from 0.
    pub(crate) fn reply(self, call: usize, attempt: usize) -> Reply {
        let route = self.call(call).route;
        let mut rng = self.rng(call, attempt, 2);
        if let Some(flood) = self.flood {
            let whole = Composed { interim: false, framing: Framing::Length, ..sound(&mut rng) };
            return if call == 0 { flood } else { Reply::Composed(whole) };
        }
        let proper = Reply::Composed(proper(&mut rng));
        match route {
            // Later attempts are for the most part met with success, so that retries are seen to end.
            _ if attempt > 0 && rng.u8(..100) < 50 => proper,
            Route::SignIn if attempt == 0 && rng.u8(..100) < 15 => {
                Reply::Composed(Composed { status: 401, ..sound(&mut rng) })
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

    /// The reply to a sign-in in front of a call.
    pub(crate) fn sign_in_reply(self, call: usize, attempt: usize) -> Reply {
        let mut rng = self.rng(call, attempt, 3);
        match rng.u8(..100) {
            0..40 => Reply::Composed(proper(&mut rng)),
            40..55 => Reply::Raw(RAW[rng.usize(..RAW.len())]),
            _ => Reply::Composed(composed(&mut rng)),
        }
    }
}

fn one_of<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

/// A whole response with what the operation returns.
fn sound(rng: &mut Rng) -> Composed {
    Composed {
        status: one_of(rng, &[200, 200, 200, 201, 202, 206, 299]),
        content: Content::Proper,
        framing: one_of(rng, &[Framing::Length, Framing::Length, Framing::Chunked, Framing::UntilClose]),
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
    Composed { after, ..sound(rng) }
}

fn composed(rng: &mut Rng) -> Composed {
    let status = match rng.u8(..10) {
        0..4 => 200,
        4..7 => rng.u16(100..1_000),
        _ => one_of(rng, &[101, 204, 301, 302, 307, 400, 401, 404, 408, 409, 413, 429, 500, 502, 503, 504]),
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
    let ending = one_of(rng, &[Ending::Close, Ending::HalfClose, Ending::Reset, Ending::Stall]);
    let may_be_cut = !matches!(content, Content::Huge | Content::Bomb | Content::Endless | Content::Empty);
    let cut = match rng.u8(..10) {
        _ if is_bodiless(status) || !may_be_cut => Cut::Never,
        0 | 1 => Cut::Head(rng.f64()),
        2 | 3 => Cut::Body(rng.f64()),
        4 => Cut::End,
        _ => Cut::Never,
    };
    let retry_after =
        one_of(rng, &[None, None, None, Some("0"), Some("1"), Some("3600"), Some("soon"), Some("-1")]);
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
    /// The nearest response that an HTTP/2 server can give: final, and kept apart from the others.
    fn for_http2(self) -> Self {
        let status = if self.status < 200 { self.status + 400 } else { self.status };
        Composed { status, after: After::KeepAlive, ..self }
    }
}
