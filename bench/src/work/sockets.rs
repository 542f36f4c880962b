//! Sockets: one message to many, and what an idle one costs, beside a bare server.

use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;
use warren_tests::client::Person;
use warren_tests::program::Program;

use crate::arguments::Arguments;
use crate::load::{Audience, ClientSocket, Heard};
use crate::measure::{Processes, resident_bytes};
use crate::report::{Bound, Curve, Ratio, Results, Series};
use crate::stage::{self, Stage};

const AUDIENCES: [usize; 2] = [500, 2_000];

/// Messages a second that the audience hears.
const RATE: u32 = 20;

/// Sockets that are opened and closed before memory is looked at, so that what a
/// process needs once is there.
const WARM_UP: usize = 100;

/// A server, whichever it is, and how one speaks at it.
struct Server {
    base: String,
    id: u32,
    /// Empty for the bare one.
    tokens: Vec<String>,
    speaker: ClientSocket,
    channel: String,
}

pub(super) async fn run(arguments: &Arguments, results: &mut Results) {
    let most = AUDIENCES[AUDIENCES.len() - 1];
    let mut stage = Stage::embedded().await;
    let people = stage.people(most + 1).await;
    let channel = stage.public_channel(&people[0]).await;
    idle(&mut stage, &people, arguments, results).await;
    let mut latencies = Vec::new();
    for audience in AUDIENCES {
        let (mut warren, mut limit) = (Vec::new(), Vec::new());
        for round in 0..arguments.rounds {
            let bare = bare_server();
            let mut server = Server::bare(&bare).await;
            limit.push(server.fan_out(audience, arguments.duration()).await.cpu_us);
            bare.kill();
            let mut server = Server::warren(&stage, &people, &channel).await;
            let told = server.fan_out(audience, arguments.duration()).await;
            warren.push(told.cpu_us);
            if round == 0 {
                latencies.push(told.curve(audience));
                results.fan_out(audience, told.lost, told.heard.latency.summary());
            }
        }
        results.ratio(Ratio {
            work: format!("server CPU for each delivery to {audience} sockets"),
            against: "bare tokio-tungstenite".to_owned(),
            unit: "µs".to_owned(),
            warren,
            limit,
            bound: Bound::AtMost { reach: 1.6, aim: 1.2 },
        });
    }
    results.curve(Curve {
        file: "latency-fan-out.svg".to_owned(),
        title: format!("Fan-out, {RATE} messages a second: from the send to the listener"),
        x: "percentile of the deliveries".to_owned(),
        y: "milliseconds".to_owned(),
        series: latencies,
    });
}

/// Memory of idle sockets, in processes that did nothing else before.
async fn idle(stage: &mut Stage, people: &[Person], arguments: &Arguments, results: &mut Results) {
    let (mut warren, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let bare = bare_server();
        let server = Server::bare(&bare).await;
        limit.push(server.idle_kib(people.len() - 1).await);
        bare.kill();
        stage.start_again().await;
        let server = Server::warren(stage, people, "").await;
        warren.push(server.idle_kib(people.len() - 1).await);
    }
    results.ratio(Ratio {
        work: format!("memory for each of {} idle authenticated sockets", people.len() - 1),
        against: "bare tokio-tungstenite".to_owned(),
        unit: "KiB".to_owned(),
        warren,
        limit,
        bound: Bound::AtMost { reach: 2.0, aim: 1.3 },
    });
}

fn bare_server() -> Program {
    let own = std::env::current_exe().expect("know this program's path");
    let mut command = std::process::Command::new(own);
    command.arg("bare-sockets");
    Program::start("bare-sockets", command)
}

/// What an audience was told.
struct Told {
    cpu_us: f64,
    lost: u64,
    heard: Heard,
}

impl Told {
    fn curve(&self, audience: usize) -> Series {
        let point = |percent: u32| {
            let percent = f64::from(percent);
            (percent, self.heard.latency.quantile_ms(percent / 100.0))
        };
        Series { name: format!("{audience} sockets"), points: (1..=99).map(point).collect() }
    }
}

impl Server {
    async fn bare(program: &Program) -> Self {
        let base = program.listening(Duration::from_secs(10)).await;
        let speaker = ClientSocket::open(&base).await;
        let (tokens, channel) = (Vec::new(), String::new());
        Self { id: program.id(), tokens, speaker, channel, base }
    }

    async fn warren(stage: &Stage, people: &[Person], channel: &str) -> Self {
        let base = stage.base().to_owned();
        let (first, others) = people.split_first().expect("somebody");
        let speaker = ClientSocket::greeted(&base, first.token()).await;
        let tokens = others.iter().map(|person| person.token().to_owned()).collect();
        Self { id: stage.api_id(), tokens, speaker, channel: channel.to_owned(), base }
    }

    async fn audience(&self, size: usize) -> Audience {
        let open = |index: usize| async move {
            match self.tokens.get(index) {
                Some(token) => ClientSocket::greeted(&self.base, token).await,
                None => ClientSocket::open(&self.base).await,
            }
        };
        Audience::gather((0..size).map(open)).await
    }

    /// Speaks at an even pace; everybody hears everything.
    async fn fan_out(&mut self, size: usize, duration: Duration) -> Told {
        let audience = self.audience(size).await;
        let process = Processes::new([self.id]);
        // What gathering them left to do is done.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = process.cpu_time();
        let spoken = self.speak(&audience, duration).await;
        let expected = spoken * size as u64;
        audience.until_heard(expected, Duration::from_secs(30)).await;
        let cpu = process.cpu_time() - before;
        let heard = audience.leave().await;
        let cpu_us = cpu.as_secs_f64() * 1e6 / heard.deliveries as f64;
        Told { cpu_us, lost: expected.saturating_sub(heard.deliveries), heard }
    }

    /// How many messages were said.
    async fn speak(&mut self, audience: &Audience, duration: Duration) -> u64 {
        let mut pace = tokio::time::interval(Duration::from_secs(1) / RATE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (end, mut spoken) = (Instant::now() + duration, 0);
        while Instant::now() < end {
            pace.tick().await;
            let text = audience.stamped(&stage::text());
            let frame = self.frame(&text);
            self.speaker.feed(frame).await;
            self.speaker.flush().await;
            spoken += 1;
        }
        spoken
    }

    /// To Warren a send; to the bare server a frame as long as the event that Warren
    /// makes of it.
    fn frame(&self, text: &str) -> String {
        if self.tokens.is_empty() {
            return format!(r#"{{"type":"event","message":{{"text":"{text}"}},{}}}"#, filler());
        }
        format!(r#"{{"type":"send","channel":"{}","text":"{text}"}}"#, self.channel)
    }

    /// KiB for each of so many sockets that have nothing to do.
    async fn idle_kib(&self, count: usize) -> f64 {
        self.audience(WARM_UP).await.leave().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = resident_bytes(self.id);
        let audience = self.audience(count).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let after = resident_bytes(self.id);
        let kib = after.saturating_sub(before) as f64 / 1024.0 / audience.len() as f64;
        audience.leave().await;
        kib
    }
}

/// What an event has besides its text.
fn filler() -> String {
    format!(r#""filler":"{}""#, "x".repeat(480))
}
