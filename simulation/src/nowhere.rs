//! What the model of all nodes is connected to: nothing.

use async_trait::async_trait;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement};
use tokio::sync::mpsc;
use tokio::time::Instant;
use warren_domain::database::{Substitute, SubstituteTransaction};
use warren_domain::message::Pending;
use warren_domain::port::{
    Accepted, Backlog, BusSignal, ChannelEvents, Ephemeral, EventBus, LogError, MessageLog,
    NotAcknowledged,
};

/// No log, no bus, no database.
#[derive(Debug)]
pub(crate) struct Nowhere;

#[async_trait]
impl MessageLog for Nowhere {
    async fn append(&self, _: Pending, _: Instant) -> Result<Accepted, NotAcknowledged> {
        Err(NotAcknowledged { reason: "nowhere".to_owned() })
    }

    fn check(&self) -> Result<(), LogError> {
        Ok(())
    }

    async fn backlog(&self) -> Result<Vec<Backlog>, LogError> {
        Ok(Vec::new())
    }

    fn strategy(&self) -> &'static str {
        "nowhere"
    }
}

#[async_trait]
impl EventBus for Nowhere {
    async fn publish_events(&self, _: &[ChannelEvents]) {}

    async fn publish_ephemeral(&self, _: &Ephemeral) {}

    fn subscribe(&self) -> mpsc::Receiver<BusSignal> {
        mpsc::channel(1).1
    }

    fn check(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn strategy(&self) -> &'static str {
        "nowhere"
    }
}

#[async_trait]
impl Substitute for Nowhere {
    fn backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn query(&self, _: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Err(DbErr::Custom("nowhere".to_owned()))
    }

    async fn begin(&self) -> Result<Box<dyn SubstituteTransaction>, DbErr> {
        Err(DbErr::Custom("nowhere".to_owned()))
    }
}
