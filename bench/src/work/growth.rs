//! What a message costs while the history, the audience and the channels grow.

use warren_tests::client::Person;

use super::SENDERS;
use crate::arguments::Arguments;
use crate::load::{Audience, ClientSocket, Door, Sending, send};
use crate::report::{Bound, Curve, Ratio, Results, Series};
use crate::stage::Stage;

const STORED: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const SOCKETS: [usize; 4] = [10, 100, 500, 2_000];
const CHANNELS: [usize; 4] = [1, 10, 100, 1_000];
const WINDOW: usize = 16;

pub(super) async fn run(arguments: &Arguments, results: &mut Results) {
    let stored = stored(arguments, results).await;
    let sockets = sockets(arguments).await;
    let channels = channels(arguments).await;
    for (file, x, series) in [
        ("growth-stored.svg", "messages stored before", stored),
        ("growth-sockets.svg", "idle sockets", sockets),
        ("growth-channels.svg", "channels that are sent to", channels),
    ] {
        results.curve(Curve {
            file: file.to_owned(),
            title: format!("CPU for each committed message, by {x}"),
            x: format!("{x} (powers of ten)"),
            y: "µs of the server's CPU".to_owned(),
            series: vec![series],
        });
    }
}

/// One stage for each size, measured in turn.
async fn stored(arguments: &Arguments, results: &mut Results) -> Series {
    let mut scenes = Vec::new();
    for count in STORED {
        let scene = Scene::new().await;
        for (person, channels) in scene.people.iter().zip(&scene.channels) {
            scene.stage.fill(&channels[0], &person.id, count / SENDERS as u64).await;
        }
        scenes.push(scene);
    }
    let mut costs = vec![Vec::new(); STORED.len()];
    for _ in 0..arguments.rounds {
        for (scene, costs) in scenes.iter().zip(&mut costs) {
            costs.push(scene.cost(arguments).await);
        }
    }
    results.ratio(Ratio {
        work: format!("CPU for each message, {} stored", STORED[STORED.len() - 1]),
        against: format!("{} stored", STORED[0]),
        unit: "µs".to_owned(),
        warren: costs[costs.len() - 1].clone(),
        limit: costs[0].clone(),
        bound: Bound::AtMost { reach: 1.3, aim: 1.1 },
    });
    let medians = costs.iter().map(|costs| crate::measure::median(costs));
    series("stored", STORED.iter().map(|count| *count as f64).zip(medians))
}

async fn sockets(arguments: &Arguments) -> Series {
    let scene = Scene::new().await;
    let listeners = scene.stage.people(SOCKETS[SOCKETS.len() - 1]).await;
    let mut points = Vec::new();
    for count in SOCKETS {
        let base = scene.stage.base();
        let open = |person: &Person| {
            let token = person.token().to_owned();
            async move { ClientSocket::greeted(base, &token).await }
        };
        let audience = Audience::gather(listeners[..count].iter().map(open)).await;
        points.push((count as f64, scene.cost(arguments).await));
        audience.leave().await;
    }
    series("idle sockets", points)
}

async fn channels(arguments: &Arguments) -> Series {
    let mut scene = Scene::new().await;
    let mut points = Vec::new();
    for count in CHANNELS {
        scene.channels = scene.spread(count).await;
        points.push((count as f64, scene.cost(arguments).await));
    }
    series("channels", points)
}

fn series(name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Series {
    let points = points.into_iter().map(|(x, y)| (x.log10(), y)).collect();
    Series { name: name.to_owned(), points }
}

/// One process and its senders.
struct Scene {
    stage: Stage,
    people: Vec<Person>,
    channels: Vec<Vec<String>>,
}

impl Scene {
    async fn new() -> Self {
        let stage = Stage::embedded().await;
        let people = stage.people(SENDERS).await;
        let own = stage.own_channels(&people).await;
        Self { stage, people, channels: own.into_iter().map(|channel| vec![channel]).collect() }
    }

    /// So many channels, shared out among the senders: all of them send, to one or more.
    async fn spread(&self, count: usize) -> Vec<Vec<String>> {
        let mut channels = vec![Vec::new(); SENDERS];
        for (index, person) in self.people.iter().enumerate().take(count) {
            let number = count / SENDERS + usize::from(index < count % SENDERS);
            for _ in 0..number {
                channels[index].push(person.create_channel("public").await);
            }
        }
        for index in count..SENDERS {
            let shared = channels[index % count].clone();
            self.people[index].join(&shared[0]).await;
            channels[index] = shared;
        }
        channels
    }

    /// Microseconds of the server's CPU for each committed message.
    async fn cost(&self, arguments: &Arguments) -> f64 {
        let processes = self.stage.processes();
        let sending = Sending {
            base: self.stage.base(),
            people: &self.people,
            channels: &self.channels,
            window: WINDOW,
            door: Door::Socket,
            duration: arguments.duration(),
        };
        let (durable, before, after) = send(sending, || processes.cpu_time()).await;
        (after - before).as_secs_f64() * 1e6 / durable.committed as f64
    }
}
