//! From what was found to how the server is, and why.

mod log;

use warren_domain::schema::SCHEMA_VERSION;
use warren_domain::status::WorkerProcess;
use warren_process::secret::mask_credentials;

use crate::health::Watching;
use crate::health::report::{
    BusHealth, CountsHealth, DatabaseHealth, Health, HealthStatus, NodeHealth, ProcessHealth,
};
use crate::health::survey::Survey;

/// Writing and reading a row takes milliseconds.
const LONGEST_PING_MS: f64 = 1_000.0;

/// The verdict on one part, and why.
#[derive(Debug)]
struct Verdict {
    status: HealthStatus,
    reasons: Vec<String>,
}

impl Verdict {
    fn ok() -> Self {
        Self { status: HealthStatus::Ok, reasons: Vec::new() }
    }

    fn worsen(&mut self, status: HealthStatus, reason: impl AsRef<str>) {
        self.status = self.status.max(status);
        // What a broker says of itself is not ours.
        self.reasons.push(mask_credentials(reason.as_ref()).into_owned());
    }
}

/// Judges what was found.
pub(crate) fn judge(watching: &Watching, survey: &Survey) -> Health {
    let (node, of_node) = judge_node(watching, survey);
    let (database, of_database) = judge_database(survey);
    let (message_log, of_log) = log::judge(watching, survey);
    let (event_bus, of_bus) = judge_bus(survey);
    let verdicts = [of_database, of_log, of_bus, of_node];
    Health {
        status: verdicts.iter().map(|verdict| verdict.status).max().unwrap_or(HealthStatus::Ok),
        reasons: verdicts.into_iter().flat_map(|verdict| verdict.reasons).collect(),
        at: survey.at,
        version: env!("CARGO_PKG_VERSION").into(),
        schema: SCHEMA_VERSION,
        node,
        database,
        message_log,
        event_bus,
        api_processes: api_processes(survey),
        workers: workers(survey),
        counts: survey.figures.as_ref().map(|figures| CountsHealth {
            users: figures.counts.users,
            channels: figures.counts.channels,
            messages: figures.counts.messages,
        }),
    }
}

fn judge_node(watching: &Watching, survey: &Survey) -> (NodeHealth, Verdict) {
    let mut verdict = Verdict::ok();
    if let Some(disk) = survey.disk
        && disk.is_short()
    {
        let left = format!("The disk of the data directory has {} bytes left.", disk.free_bytes);
        verdict.worsen(HealthStatus::Degraded, left);
    }
    let started_at = watching.registry.started_at();
    let uptime_s = (survey.at - started_at).num_seconds();
    let health = NodeHealth {
        status: verdict.status,
        name: watching.registry.name().to_owned(),
        started_at,
        uptime_s: uptime_s.max(0).unsigned_abs(),
        sockets: survey.sockets,
        memory_bytes: survey.memory_bytes,
        disk_free_bytes: survey.disk.map(|disk| disk.free_bytes),
        disk_size_bytes: survey.disk.map(|disk| disk.size_bytes),
    };
    (health, verdict)
}

fn judge_database(survey: &Survey) -> (DatabaseHealth, Verdict) {
    let mut verdict = Verdict::ok();
    match &survey.ping {
        Err(problem) => verdict.worsen(HealthStatus::Down, problem),
        Ok(pong) if pong.elapsed_ms > LONGEST_PING_MS => {
            let slow = format!("The database took {:.0} ms for a ping.", pong.elapsed_ms);
            verdict.worsen(HealthStatus::Degraded, slow);
        }
        Ok(_) => {}
    }
    let about = survey.figures.as_ref().map(|figures| &figures.about);
    let health = DatabaseHealth {
        status: verdict.status,
        product: about.map(|about| about.product.to_owned()),
        version: about.map(|about| about.version.clone()),
        ping_ms: survey.ping.as_ref().ok().map(|pong| pong.elapsed_ms),
        size_bytes: about.map(|about| about.size_bytes),
    };
    (health, verdict)
}

fn judge_bus(survey: &Survey) -> (BusHealth, Verdict) {
    let mut verdict = Verdict::ok();
    if let Err(error) = &survey.bus {
        let silent = format!("The event bus is away, so events come late: {}.", error.reason);
        verdict.worsen(HealthStatus::Degraded, silent);
    }
    (BusHealth { status: verdict.status, strategy: survey.bus_strategy.to_owned() }, verdict)
}

fn api_processes(survey: &Survey) -> Vec<ProcessHealth> {
    let process = |process: &warren_domain::status::ApiProcess| ProcessHealth {
        name: process.name.clone(),
        alive: process.alive,
        started_at: process.started_at,
        seen_at: process.seen_at,
        partitions: Vec::new(),
    };
    survey.api_processes.iter().map(process).collect()
}

fn workers(survey: &Survey) -> Vec<ProcessHealth> {
    let process = |worker: &WorkerProcess| ProcessHealth {
        name: worker.name.clone(),
        alive: worker.alive,
        started_at: worker.started_at,
        seen_at: worker.seen_at,
        partitions: worker.holdings.iter().map(|holding| holding.partition).collect(),
    };
    survey.workers.iter().map(process).collect()
}
