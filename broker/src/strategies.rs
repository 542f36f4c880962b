//! From configuration to the parts that a process works with.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warren_domain::account::People;
use warren_domain::database::{Database, DbErr};
use warren_domain::message::{Committer, Expiry};
use warren_domain::port::{
    Backlog, DeadLetters, EventBus, LogConsumer, LogError, MailError, MessageLog, PostOffice,
};
use warren_domain::schema::{self, DatabaseFacts, SchemaError};
use warren_process::configuration::{BusUrl, LogUrl};
use warren_process::{Configuration, ConfigurationError};

use crate::in_process::{InProcessBus, InProcessDeadLetters, InProcessLog};
use crate::rabbitmq::{
    self, Rabbit, RabbitBus, RabbitConsumer, RabbitDeadLetters, RabbitLog, RabbitSettings,
};
use crate::smtp::SmtpMail;

/// How long the queue may take to be committed and connections to be closed.
const FINISH_TIMEOUT: Duration = Duration::from_secs(5);

/// The database, and the strategies that the configuration chose.
#[derive(Clone)]
pub struct Strategies {
    /// The database.
    pub database: Database,
    /// What it says of itself.
    pub facts: DatabaseFacts,
    /// Where the nodes hear of what happened.
    pub bus: Arc<dyn EventBus>,
    /// Who is who.
    pub people: People,
    /// How letters leave, if they do.
    pub post_office: Option<PostOffice>,
    log: LogStrategy,
    tasks: TaskTracker,
    stop: CancellationToken,
}

#[derive(Clone)]
enum LogStrategy {
    InProcess,
    RabbitMq(Rabbit),
}

/// Why a process does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be reached.
    #[error("the database cannot be reached")]
    Database(#[from] DbErr),
    /// Something is to be set or run first.
    #[error("cannot start like this")]
    Configuration(#[from] ConfigurationError),
}

impl From<SchemaError> for StartError {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Database(error) => Self::Database(error),
            other => {
                let message = format!("leads to a database that does not fit: {other}");
                ConfigurationError::new("WARREN_DATABASE_URL", message).into()
            }
        }
    }
}

impl Strategies {
    /// Connects to the database, checks that it fits, and begins to connect to
    /// the broker, if there is one.
    ///
    /// # Errors
    /// [`StartError`] says what to run or to set.
    pub async fn start(configuration: &Configuration) -> Result<Self, StartError> {
        let database = Database::connect(configuration.database_url.expose()).await?;
        let facts = schema::check(&database, configuration.partitions).await?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let connect = |key: &str, url: &str| {
            let settings = settings(key, url, facts.partition_count)?;
            Ok::<Rabbit, ConfigurationError>(Rabbit::start(settings, &tasks, stop.clone()))
        };
        let log = match &configuration.log_url {
            LogUrl::InProcess => LogStrategy::InProcess,
            LogUrl::Amqp(url) => {
                LogStrategy::RabbitMq(connect("WARREN_LOG_URL", url.expose().as_str())?)
            }
        };
        let bus: Arc<dyn EventBus> = match (&configuration.bus_url, &configuration.log_url, &log) {
            (BusUrl::InProcess, ..) => Arc::new(InProcessBus::default()),
            (BusUrl::Amqp(bus), LogUrl::Amqp(log), LogStrategy::RabbitMq(shared)) if bus == log => {
                Arc::new(RabbitBus::start(shared))
            }
            (BusUrl::Amqp(url), ..) => {
                Arc::new(RabbitBus::start(&connect("WARREN_BUS_URL", url.expose().as_str())?))
            }
        };
        let post_office = post_office(configuration)?;
        Ok(Self { database, facts, bus, people: People::default(), post_office, log, tasks, stop })
    }

    /// A committer on this database that tells this bus.
    #[must_use]
    pub fn committer(&self) -> Committer {
        Committer::new(self.database.clone(), self.bus.clone(), self.people.clone())
    }

    /// What deletes messages whose time is over.
    #[must_use]
    pub fn expiry(&self) -> Expiry {
        Expiry::new(self.database.clone(), self.bus.clone(), self.people.clone())
    }

    /// The message log as an API process sees it. Without a log of its own the
    /// process commits by itself. Call it once.
    #[must_use]
    pub fn message_log(&self) -> Arc<dyn MessageLog> {
        match &self.log {
            LogStrategy::InProcess => {
                InProcessLog::start(self.committer(), &self.tasks, self.stop.clone())
            }
            LogStrategy::RabbitMq(rabbit) => Arc::new(RabbitLog::start(rabbit)),
        }
    }

    /// The message log as a worker sees it; `None` where there is nothing to
    /// consume, because API processes commit what they accept.
    #[must_use]
    pub fn log_consumer(&self) -> Option<Arc<dyn LogConsumer>> {
        match &self.log {
            LogStrategy::InProcess => None,
            LogStrategy::RabbitMq(rabbit) => Some(Arc::new(RabbitConsumer::new(rabbit))),
        }
    }

    /// What nobody could make a message of.
    #[must_use]
    pub fn dead_letters(&self) -> Arc<dyn DeadLetters> {
        match &self.log {
            LogStrategy::InProcess => Arc::new(InProcessDeadLetters::new(self.database.clone())),
            LogStrategy::RabbitMq(rabbit) => Arc::new(RabbitDeadLetters::new(rabbit)),
        }
    }

    /// How many partitions the log has.
    #[must_use]
    pub fn partition_count(&self) -> NonZeroU32 {
        self.facts.partition_count
    }

    /// Ends what runs in the background, after everything that uses it has
    /// ended: commits what is queued, closes the connections.
    pub async fn finish(self) {
        self.stop.cancel();
        self.tasks.close();
        let finished = async {
            self.tasks.wait().await;
            self.database.close().await;
        };
        if tokio::time::timeout(FINISH_TIMEOUT, finished).await.is_err() {
            tracing::warn!(
                "stopped without the database or the broker; no acknowledgement is lost"
            );
        }
    }
}

/// Looks at the message log as a process would that starts, and answers what
/// waits in each partition, where that outlives a process.
///
/// # Errors
/// [`ServiceError`] says what a process would fail of.
pub async fn examine_log(
    configuration: &Configuration,
    partitions: NonZeroU32,
) -> Result<Vec<Backlog>, ServiceError> {
    match &configuration.log_url {
        LogUrl::InProcess => Ok(Vec::new()),
        LogUrl::Amqp(url) => {
            let settings = settings("WARREN_LOG_URL", url.expose().as_str(), partitions)?;
            Ok(rabbitmq::examine(&settings).await?)
        }
    }
}

/// Looks at the event bus as a process would that starts.
///
/// # Errors
/// [`ServiceError`] says what a process would fail of.
pub async fn examine_bus(configuration: &Configuration) -> Result<(), ServiceError> {
    match &configuration.bus_url {
        BusUrl::InProcess => Ok(()),
        BusUrl::Amqp(url) => {
            let settings = settings("WARREN_BUS_URL", url.expose().as_str(), NonZeroU32::MIN)?;
            Ok(rabbitmq::examine(&settings).await.map(drop)?)
        }
    }
}

/// Signs in to the configured mail server, if there is one, and sends nothing.
pub async fn check_mail(configuration: &Configuration) -> Option<Result<(), ServiceError>> {
    let settings = configuration.mail.as_ref()?;
    let check = async { Ok(SmtpMail::new(settings)?.check().await?) };
    Some(check.await)
}

/// Deletes what the configured message log holds outside of the database, so
/// that nothing of it comes back. The server must not run.
///
/// # Errors
/// If the broker cannot be reached or refuses.
pub async fn clear_log(configuration: &Configuration) -> Result<(), ServiceError> {
    let LogUrl::Amqp(url) = &configuration.log_url else { return Ok(()) };
    let settings = settings("WARREN_LOG_URL", url.expose().as_str(), NonZeroU32::MIN)?;
    Ok(rabbitmq::delete_everything(&settings).await?)
}

/// Why a service cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Something is to be set first.
    #[error("it cannot be used like this")]
    Configuration(#[from] ConfigurationError),
    /// The broker cannot be reached or refuses.
    #[error("the broker failed")]
    Broker(#[from] LogError),
    /// The mail server cannot be reached or refuses.
    #[error("no letter would be sent")]
    Mail(#[from] MailError),
}

fn settings(
    key: &str,
    url: &str,
    partitions: NonZeroU32,
) -> Result<RabbitSettings, ConfigurationError> {
    RabbitSettings::parse(url, partitions)
        .map_err(|error| ConfigurationError::new(key, error.to_string()))
}

fn post_office(configuration: &Configuration) -> Result<Option<PostOffice>, ConfigurationError> {
    let Some(settings) = &configuration.mail else {
        return Ok(None);
    };
    let public_url = settings.public_url.as_str().trim_end_matches('/').to_owned();
    Ok(Some(PostOffice { mail: Arc::new(SmtpMail::new(settings)?), public_url }))
}
