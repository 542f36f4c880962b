//! The database, through the checks that every process makes when it starts.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use warren_domain::database::{Database, in_time};
use warren_domain::schema::{self, SCHEMA_VERSION};
use warren_domain::{Clock, NodeRegistry, PingError, status};
use warren_process::{Configuration, process_name};

use super::{Report, reason};

/// Sizes are added up, of every table.
const ABOUT_TIMEOUT: Duration = Duration::from_secs(20);

/// Who lives is told from times that several machines write.
const MOST_SKEW_MS: i64 = 1_000;

/// Answers how many partitions the message log has, if the database can tell.
pub(super) async fn check(
    configuration: &Configuration,
    report: &mut Report,
) -> Option<NonZeroU32> {
    const WHAT: &str = "database";
    let url = &configuration.database_url;
    if url.file().is_some_and(|file| !file.exists()) {
        report.ok(WHAT, format!("{} is made by the first start", url.name()));
        return None;
    }
    let database = match Database::connect(url.expose()).await {
        Ok(database) => database,
        Err(error) => {
            let unreachable = format!("{url} cannot be reached: {}", reason(error));
            report.fail(WHAT, format!("{unreachable}; check WARREN_DATABASE_URL"));
            return None;
        }
    };
    check_about(&database, report).await;
    let partitions = check_schema(&database, configuration.partitions, report).await;
    if partitions.is_some() {
        check_writing(&database, report).await;
    }
    database.close().await;
    partitions
}

async fn check_about(database: &Database, report: &mut Report) {
    let begun = Clock::System.now();
    let about = match in_time(ABOUT_TIMEOUT, status::about(database)).await {
        Ok(about) => about,
        Err(error) => return report.fail("database", reason(error)),
    };
    let size = about.size_bytes >> 20;
    report.ok("database", format!("{} {}, {size} MiB", about.product, about.version));
    let (begun, ended) = (begun.timestamp_micros(), Clock::System.now().timestamp_micros());
    // Exact to how long the question took.
    let skew_ms = (about.now_micros - about.now_micros.clamp(begun, ended)) / 1_000;
    match skew_ms.abs() > MOST_SKEW_MS {
        true => report.warn(
            "clock",
            format!("the database's is {skew_ms} ms off; set both machines' by NTP"),
        ),
        false => report.ok("clock", "the database's agrees"),
    }
}

async fn check_schema(
    database: &Database,
    configured_partitions: Option<u32>,
    report: &mut Report,
) -> Option<NonZeroU32> {
    const WHAT: &str = "schema";
    match schema::check(database, configured_partitions).await {
        Ok(facts) => {
            let count = facts.partition_count;
            report.ok(WHAT, format!("version {SCHEMA_VERSION} or newer, {count} partitions"));
            Some(count)
        }
        Err(error) => {
            report.fail(WHAT, reason(error));
            None
        }
    }
}

async fn check_writing(database: &Database, report: &mut Report) {
    const WHAT: &str = "writing";
    let begun = Instant::now();
    match write_and_read(database).await {
        Ok(()) => {
            let elapsed_ms = begun.elapsed().as_millis();
            report.ok(WHAT, format!("the database took a row and gave it back, {elapsed_ms} ms"));
        }
        Err(error) => report.fail(WHAT, reason(error)),
    }
}

async fn write_and_read(database: &Database) -> Result<(), PingError> {
    let registry = NodeRegistry::new(database.clone(), process_name());
    registry.ping().await?;
    Ok(registry.leave().await?)
}
