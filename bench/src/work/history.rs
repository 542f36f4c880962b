//! Pages of a long history, beside those of a short one.

use std::time::Instant;

use warren_tests::client::Person;

use crate::arguments::Arguments;
use crate::measure::Latency;
use crate::report::{Bound, Ratio, Results};
use crate::stage::Stage;

const SHORT: u64 = 1_000;
const LONG: u64 = 1_000_000;

/// What a page may cost in comparison.
const BOUND: Bound = Bound::AtMost { reach: 1.3, aim: 1.05 };

/// Reads of each page in a round.
const READS: usize = 400;

pub(super) async fn run(arguments: &Arguments, results: &mut Results) {
    let (short, long) = (Shelf::with(SHORT).await, Shelf::with(LONG).await);
    let latest = "?limit=50";
    let deep = format!("?limit=50&before_seq={}", LONG / 2);
    let (warren, limit) = compare((&long, latest), (&short, latest), arguments.rounds).await;
    results.ratio(Ratio {
        work: format!("latest page of 50 at {LONG} messages"),
        against: format!("the same at {SHORT}"),
        unit: "ms".to_owned(),
        warren,
        limit,
        bound: BOUND,
    });
    let (warren, limit) = compare((&long, &deep), (&long, latest), arguments.rounds).await;
    results.ratio(Ratio {
        work: format!("page of 50 in the middle of {LONG} messages"),
        against: "latest page of the same channel".to_owned(),
        unit: "ms".to_owned(),
        warren,
        limit,
        bound: BOUND,
    });
}

/// The medians of two pages' latencies, read in turn, of each round.
async fn compare(
    one: (&Shelf, &str),
    other: (&Shelf, &str),
    rounds: usize,
) -> (Vec<f64>, Vec<f64>) {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut latencies = [Latency::default(), Latency::default()];
        for _ in 0..READS {
            for ((shelf, query), latency) in [one, other].into_iter().zip(&mut latencies) {
                shelf.read(query, latency).await;
            }
        }
        let [of_one, of_other] = latencies.map(|latency| latency.quantile_ms(0.5));
        ones.push(of_one);
        others.push(of_other);
    }
    (ones, others)
}

/// A server whose one channel has so many messages.
struct Shelf {
    stage: Stage,
    reader: Person,
    channel: String,
    http: reqwest::Client,
}

impl Shelf {
    async fn with(messages: u64) -> Self {
        let stage = Stage::embedded().await;
        let reader = stage.people(1).await.remove(0);
        let channel = reader.create_channel("private").await;
        stage.fill(&channel, &reader.id, messages).await;
        Self { stage, reader, channel, http: reqwest::Client::new() }
    }

    async fn read(&self, query: &str, latency: &mut Latency) {
        let url = format!("{}/v1/channels/{}/messages{query}", self.stage.base(), self.channel);
        let begin = Instant::now();
        let answer = self.http.get(url).bearer_auth(self.reader.token()).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        let page = answer.bytes().await.expect("a page");
        latency.note(begin.elapsed());
        assert!(page.len() > 10_000, "a full page");
    }
}
