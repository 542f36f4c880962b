//! Dead letters, from the refusal to their end. The database is made to refuse
//! one text, as a full disk or a broken index would refuse any.

use std::sync::Arc;

use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use super::{WITHIN, done, refused, said};
use crate::client::{Person, new_key};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::servers::connect;
use crate::wait::eventually;
use crate::world::World;

const POISON: &str = "refuse this \u{1b}[2J";

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "admin",
        [
            dead_letter_is_shown_and_replayed_into_one_message,
            dead_letter_that_is_refused_again_stays_one,
            dead_letters_are_discarded_when_that_is_confirmed,
        ]
    )
}

/// A server that has just refused a send.
struct Refusal {
    deployment: Deployment,
    database: DatabaseConnection,
    ann: Person,
    room: String,
}

async fn dead_letter_is_shown_and_replayed_into_one_message(world: Arc<World>) {
    let refusal = Refusal::new(&world).await;
    let id = refusal.listed().await;
    let shown = refusal.command(&["show", &id]);
    assert!(shown.contains("refuse this") && shown.contains(&refusal.room), "{shown}");
    assert!(!shown.contains('\u{1b}'), "the terminal is not told what to do: {shown:?}");
    refusal.relent().await;
    let replayed = refusal.replay_twice_at_once(&id);
    assert!(replayed.contains("became message"), "{replayed}");
    assert_eq!(refusal.texts().await, ["hello", POISON], "two replays, one message");
    assert_eq!(refusal.command(&["list"]), "");
    let again = refused(&refusal.deployment.run(&["admin", "dead-letters", "replay", &id]));
    assert!(again.contains("there is no dead letter"), "{again}");
}

async fn dead_letter_that_is_refused_again_stays_one(world: Arc<World>) {
    let refusal = Refusal::new(&world).await;
    let first = refusal.listed().await;
    let replayed = refusal.command(&["replay", "--all"]);
    assert!(replayed.contains("was refused again"), "{replayed}");
    let second = refusal.listed().await;
    assert_ne!(first, second);
    refusal.relent().await;
    refusal.command(&["replay", "--all"]);
    assert_eq!(refusal.texts().await, ["hello", POISON]);
}

async fn dead_letters_are_discarded_when_that_is_confirmed(world: Arc<World>) {
    let refusal = Refusal::new(&world).await;
    let id = refusal.listed().await;
    let arguments = ["admin", "dead-letters", "discard", &id];
    let kept = refused(&refusal.deployment.run_with(&arguments, "no\n"));
    assert!(kept.contains("nothing was discarded"), "{kept}");
    assert_eq!(refusal.listed().await, id);
    done(&refusal.deployment.run_with(&arguments, "yes\n"));
    assert_eq!(refusal.command(&["list"]), "");
    refusal.command(&["discard", "--all", "--yes"]);
    assert_eq!(refusal.texts().await, ["hello"]);
}

impl Refusal {
    async fn new(world: &World) -> Self {
        let options = Options { apis: 1, workers: 1, ..Options::default() };
        let deployment = world.deploy(options).await;
        let ann = world.person_on(&deployment, "ann").await;
        let room = ann.create_channel("private").await;
        ann.say(&room, "hello").await;
        let database = connect(&deployment.database_url).await;
        refuse(&database).await;
        let answer = ann.post_message(&room, POISON, &new_key()).await;
        assert!(matches!(answer.status, 202 | 422), "{}", answer.text);
        Self { deployment, database, ann, room }
    }

    /// The database takes everything again.
    async fn relent(&self) {
        let statement = match self.database.get_database_backend() {
            DbBackend::Sqlite => "DROP TRIGGER refusal",
            _ => "ALTER TABLE message DROP CONSTRAINT refusal",
        };
        self.database.execute_unprepared(statement).await.expect(statement);
    }

    fn command(&self, arguments: &[&str]) -> String {
        done(&self.deployment.run(&[&["admin", "dead-letters"], arguments].concat()))
    }

    /// The id of the one that there is.
    async fn listed(&self) -> String {
        let listed = eventually("a dead letter is listed", WITHIN, async || {
            let listed = self.command(&["list"]);
            (!listed.is_empty()).then_some(listed)
        })
        .await;
        assert_eq!(listed.lines().count(), 1, "{listed}");
        listed.split_whitespace().next().expect("an id").to_owned()
    }

    /// One of the two may find that the other was quicker.
    fn replay_twice_at_once(&self, id: &str) -> String {
        let replay = || said(&self.deployment.run(&["admin", "dead-letters", "replay", id]));
        std::thread::scope(|scope| {
            let both = [scope.spawn(replay), scope.spawn(replay)];
            both.map(|one| one.join().expect("an end")).concat()
        })
    }

    async fn texts(&self) -> Vec<String> {
        let messages = self.ann.messages(&self.room, "").await;
        let text = |message: &serde_json::Value| message["text"].as_str().map(str::to_owned);
        messages.iter().filter_map(text).collect()
    }
}

async fn refuse(database: &DatabaseConnection) {
    let statement = match database.get_database_backend() {
        DbBackend::Sqlite => {
            "CREATE TRIGGER refusal BEFORE INSERT ON message WHEN NEW.text LIKE 'refuse this%' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        _ => "ALTER TABLE message ADD CONSTRAINT refusal CHECK (text NOT LIKE 'refuse this%')",
    };
    database.execute_unprepared(statement).await.expect(statement);
}
