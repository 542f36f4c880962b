//! People who send as fast as they may: so many sends of each are under way at once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use warren_tests::client::Person;

use super::socket::field;
use super::{ClientSocket, rest};
use crate::measure::Latency;
use crate::stage;

/// Caches fill and connections open meanwhile.
const WARM_UP: Duration = Duration::from_secs(1);

/// How long the last sends may take.
const DRAIN: Duration = Duration::from_secs(60);

/// Through which door they send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Socket,
    Rest,
}

impl Door {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Rest => "REST",
        }
    }
}

/// Who sends what where.
#[derive(Clone)]
pub(crate) struct Sending<'a> {
    pub(crate) base: &'a str,
    pub(crate) people: &'a [Person],
    /// The channels that each of them sends to in turn; the lists go around.
    pub(crate) channels: &'a [Vec<String>],
    /// Sends of one person that are under way at once.
    pub(crate) window: usize,
    pub(crate) door: Door,
    pub(crate) duration: Duration,
}

/// What was committed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durable {
    /// Everything, before and after the measured time too.
    pub(crate) total: u64,
    /// Within the measured time.
    pub(crate) committed: u64,
    pub(crate) seconds: f64,
    /// From the send to its receipt, of those.
    pub(crate) latency: Latency,
}

impl Durable {
    pub(crate) fn per_second(&self) -> f64 {
        self.committed as f64 / self.seconds
    }
}

/// The measured time.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) begin: Instant,
    pub(crate) end: Instant,
}

impl Span {
    /// Notes a send that was committed just now.
    pub(crate) fn note(&self, durable: &mut Durable, sent: Instant) {
        let now = Instant::now();
        durable.total += 1;
        if now >= self.begin && now < self.end {
            durable.committed += 1;
            durable.latency.note(now - sent);
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }
}

/// Sends until the time is over and everything is committed. `at_begin` and `at_end` are
/// called at the measured time's ends.
pub(crate) async fn send<M>(sending: Sending<'_>, mark: impl Fn() -> M) -> (Durable, M, M) {
    let begin = Instant::now() + WARM_UP;
    let span = Span { begin, end: begin + sending.duration };
    let mut tasks = Vec::new();
    for (person, channels) in sending.people.iter().zip(sending.channels.iter().cycle()) {
        let one = One {
            base: sending.base.to_owned(),
            token: person.token().to_owned(),
            channels: channels.clone(),
            window: sending.window,
        };
        tasks.extend(match sending.door {
            Door::Socket => vec![tokio::spawn(over_a_socket(one, span))],
            Door::Rest => rest::spawn(&one, span),
        });
    }
    tokio::time::sleep_until(span.begin.into()).await;
    let first = mark();
    tokio::time::sleep_until(span.end.into()).await;
    let last = mark();
    let mut durable = Durable { seconds: sending.duration.as_secs_f64(), ..Durable::default() };
    for task in tasks {
        let ended = tokio::time::timeout(DRAIN, task).await.expect("the last sends are committed");
        let one = ended.expect("a sender saw nothing unexpected");
        durable.total += one.total;
        durable.committed += one.committed;
        durable.latency.add(&one.latency);
    }
    (durable, first, last)
}

/// One sender.
#[derive(Clone)]
pub(crate) struct One {
    pub(crate) base: String,
    pub(crate) token: String,
    pub(crate) channels: Vec<String>,
    pub(crate) window: usize,
}

async fn over_a_socket(one: One, span: Span) -> Durable {
    let mut socket = ClientSocket::greeted(&one.base, &one.token).await;
    let mut durable = Durable::default();
    let mut under_way = HashMap::new();
    let (prefix, text) = (uuid::Uuid::new_v4().simple().to_string(), stage::text());
    let mut channels = one.channels.iter().cycle().enumerate();
    loop {
        while under_way.len() < one.window && !span.is_over() {
            let (number, channel) = channels.next().expect("a channel");
            let key = format!("{prefix}-{number}");
            let frame =
                format!(r#"{{"type":"send","channel":"{channel}","text":"{text}","key":"{key}"}}"#);
            socket.feed(frame).await;
            under_way.insert(key, Instant::now());
        }
        socket.flush().await;
        if under_way.is_empty() {
            return durable;
        }
        let frame = socket.next().await.expect("the socket stays open");
        if let Some(sent) = committed(&frame, &mut under_way) {
            span.note(&mut durable, sent);
        }
    }
}

/// When the send was made whose receipt this is, if it is one. Other people's events
/// come too.
fn committed(frame: &str, under_way: &mut HashMap<String, Instant>) -> Option<Instant> {
    if frame.starts_with(r#"{"type":"event""#) {
        return None;
    }
    assert!(!frame.starts_with(r#"{"type":"error""#), "{frame}");
    let is_final = field(frame, "outcome")? == "committed";
    is_final.then(|| under_way.remove(field(frame, "key")?)).flatten()
}
