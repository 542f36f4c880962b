//! The message log, the event bus and the mail server.

use std::num::NonZeroU32;

use warren_broker::{check_mail, examine_bus, examine_log};
use warren_domain::port::Backlog;
use warren_process::Configuration;

use super::{Report, reason};

pub(super) async fn check(
    configuration: &Configuration,
    partitions: Option<NonZeroU32>,
    report: &mut Report,
) {
    check_log(configuration, partitions, report).await;
    match examine_bus(configuration).await {
        Ok(()) => report.ok("event bus", configuration.bus_url.to_string()),
        Err(error) => report.fail("event bus", format!("{}; check WARREN_BUS_URL", reason(error))),
    }
    match check_mail(configuration).await {
        None => report.ok("mail", "none is sent: WARREN_SMTP_URL is not set"),
        Some(Ok(())) => report.ok("mail", "the mail server takes letters from us"),
        Some(Err(error)) => {
            report.fail("mail", format!("{}; check WARREN_SMTP_URL", reason(error)))
        }
    }
}

async fn check_log(
    configuration: &Configuration,
    partitions: Option<NonZeroU32>,
    report: &mut Report,
) {
    const WHAT: &str = "message log";
    // Without the database nobody knows their number; there is at least one.
    let backlog = examine_log(configuration, partitions.unwrap_or(NonZeroU32::MIN)).await;
    match backlog {
        Err(error) => report.fail(WHAT, format!("{}; check WARREN_LOG_URL", reason(error))),
        Ok(backlog) => {
            let waiting: u64 = backlog.iter().map(|partition| partition.waiting).sum();
            report.ok(WHAT, format!("{}, {waiting} sends wait", configuration.log_url));
            let alone = |partition: &&Backlog| partition.consumers == 0;
            if let Some(Backlog { partition, .. }) = backlog.iter().find(alone) {
                let start = "start warren-worker, or nothing that is sent becomes a message";
                report.warn("workers", format!("none consumes partition {partition}; {start}"));
            }
        }
    }
}
