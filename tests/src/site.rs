//! Warren as an operator runs it: API processes and workers under supervisor,
//! behind nginx, with the files of `nginx/` and `supervisor/`. Only ports, folders
//! and accounts differ.

use std::time::Duration;

use crate::deployment::{JWT_SECRET, new_namespace};
use crate::program::warren_command;
use crate::servers::{Installation, Supervisor};
use crate::wait::eventually;
use crate::world::World;

const START: Duration = Duration::from_secs(60);

/// A running site.
pub struct Site {
    /// Its address, which is nginx's.
    pub base: String,
    pub database_url: String,
    pub supervisor: Supervisor,
}

impl Site {
    /// Installs and starts one on a database and a namespace of its own.
    pub async fn start(world: &World) -> Self {
        let (database_url, rabbitmq) =
            tokio::join!(world.create_database(), world.servers.rabbitmq());
        let namespace = new_namespace();
        let settings = format!(
            "database_url = \"{database_url}\"\nlog_url = \"{}\"\njwt_secret = \"{JWT_SECRET}\"\n\
             trusted_proxies = [\"127.0.0.1\"]\nrate_limits = \"off\"\n\
             log = \"info,warren_api=debug\"\n",
            rabbitmq.url(&namespace)
        );
        let installation = Installation::new(&settings);
        let file = installation.settings();
        let arguments = ["migrate", "--config", file.to_str().expect("a path")];
        let migrated = warren_command("warren", &arguments, &[]).output().expect("run warren");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        let base = installation.base();
        let site = Self { base, database_url, supervisor: Supervisor::start(installation).await };
        site.is_ready().await;
        rabbitmq.is_consumed(&namespace).await;
        site
    }

    /// Waits until nginx and every API process behind it serve.
    pub async fn is_ready(&self) {
        let apis = self.supervisor.installation.apis();
        for base in apis.iter().chain([&self.base]) {
            eventually("the site is ready", START, async || {
                let asked = reqwest::get(format!("{base}/readyz")).await.ok()?;
                asked.status().is_success().then_some(())
            })
            .await;
        }
    }
}
