//! What RabbitMQ itself says about the queues of a namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};

use super::Rabbitmq;
use crate::wait::eventually;

/// What Warren has by default.
const PARTITIONS: u32 = 4;
const START: Duration = Duration::from_secs(60);

impl Rabbitmq {
    /// The partition queues, each with the connection whose consumer is the
    /// active one.
    pub fn active_connections(&self, namespace: &str) -> BTreeMap<String, String> {
        let connections: BTreeMap<String, String> =
            self.table(&["list_channels", "pid", "connection"]).into_iter().map(pair).collect();
        let prefix = format!("{namespace}.messages.");
        let consumers = self.table(&["list_consumers", "queue_name", "channel_pid", "active"]);
        let active = consumers.into_iter().filter(|row| {
            row[0].starts_with(&prefix) && row.get(2).is_some_and(|active| active == "true")
        });
        active.filter_map(|row| Some((row[0].clone(), connections.get(&row[1])?.clone()))).collect()
    }

    /// How many partitions each consuming connection has.
    pub fn partitions_by_connection(&self, namespace: &str) -> BTreeMap<String, usize> {
        let active = self.active_connections(namespace);
        let owners: BTreeSet<&String> = active.values().collect();
        owners
            .into_iter()
            .map(|owner| {
                (owner.clone(), active.values().filter(|connection| *connection == owner).count())
            })
            .collect()
    }

    /// The partition queues of a namespace, each with the node that leads it and the
    /// nodes that have a replica.
    pub fn leaders(&self, namespace: &str) -> BTreeMap<String, (String, Vec<String>)> {
        let prefix = format!("{namespace}.messages.");
        let queues = self.table(&["list_queues", "name", "leader", "online"]);
        let partitions = queues.into_iter().filter(|row| row[0].starts_with(&prefix));
        partitions.map(|row| (row[0].clone(), (row[1].clone(), names(&row[2])))).collect()
    }

    /// Messages of a namespace that a worker has and has not acknowledged.
    pub fn unacknowledged(&self, namespace: &str) -> u64 {
        self.sum(namespace, "messages_unacknowledged")
    }

    /// Messages that wait in the partitions of a namespace, or are with a worker.
    pub fn queued(&self, namespace: &str) -> u64 {
        self.sum(namespace, "messages")
    }

    /// How many nodes of a namespace the event bus sends to.
    pub fn bus_queues(&self, namespace: &str) -> usize {
        let prefix = format!("{namespace}.node.");
        let queues = self.table(&["list_queues", "name"]);
        queues.iter().filter(|row| row[0].starts_with(&prefix)).count()
    }

    /// Waits until every partition of a namespace is consumed.
    pub async fn is_consumed(&self, namespace: &str) {
        let url = self.plain_url();
        let connection = Connection::connect(&url, ConnectionProperties::default()).await;
        let connection = connection.expect("connect");
        for partition in 0..PARTITIONS {
            let queue = format!("{namespace}.messages.{partition}");
            eventually("a partition is consumed", START, async || {
                let counted = consumers(&connection, &queue).await.ok()?;
                (counted > 0).then_some(())
            })
            .await;
        }
        // Its end is nobody's concern.
        let _ = connection.close(200, "counted".into()).await;
    }

    fn sum(&self, namespace: &str, column: &str) -> u64 {
        let prefix = format!("{namespace}.messages.");
        let queues = self.table(&["list_queues", "name", column]);
        let partitions = queues.iter().filter(|row| row[0].starts_with(&prefix));
        partitions.filter_map(|row| row.get(1)?.parse::<u64>().ok()).sum()
    }

    fn table(&self, arguments: &[&str]) -> Vec<Vec<String>> {
        let answer = self.control(&[&["-s"], arguments].concat());
        let lines = answer.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }
}

fn pair(row: Vec<String>) -> (String, String) {
    (row[0].clone(), row.get(1).cloned().unwrap_or_default())
}

/// Deletes the queues that the deployment at a URL leaves: hundreds of idle quorum
/// queues would keep RabbitMQ busy for the rest of a run.
pub async fn delete_queues(log_url: &str) -> lapin::Result<()> {
    let (url, namespace) = log_url.split_once("?namespace=").expect("a URL of a namespace");
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let partitions = (0..2 * PARTITIONS).map(|number| format!("{namespace}.messages.{number}"));
    for queue in partitions.chain([format!("{namespace}.dead-letters")]) {
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
    }
    connection.close(200, "deleted".into()).await
}

/// What stands in a list of Erlang's, as in `['one@host','two@host']`.
fn names(list: &str) -> Vec<String> {
    let list = list.trim_matches(['[', ']']).split(',');
    list.map(|name| name.trim().trim_matches('\'').to_owned()).collect()
}

/// Fails while there is no such queue.
async fn consumers(connection: &Connection, queue: &str) -> lapin::Result<u32> {
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions { passive: true, ..Default::default() };
    let queue = channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
    channel.close(200, "counted".into()).await?;
    Ok(queue.consumer_count())
}
