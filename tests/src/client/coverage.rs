//! What the clients of one combination saw.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::Value;

use super::{Frames, Specification};

/// What every operation may answer, documented as its `default`.
const ANYWHERE: [u16; 1] = [429];

/// A set of (operation, status) and of frame types, filled as tests run.
#[derive(Default)]
pub struct Coverage {
    statuses: Mutex<BTreeSet<(String, u16)>>,
    sent: Mutex<BTreeSet<String>>,
    received: Mutex<BTreeSet<String>>,
}

/// How much of the contract was seen.
#[derive(Debug, PartialEq, Eq)]
pub struct Counts {
    pub operations: usize,
    pub statuses: usize,
    pub client_frames: usize,
    pub server_frames: usize,
    /// What was documented and not seen.
    pub missing: Vec<String>,
}

impl Coverage {
    /// Notes an answer; it must be documented and shaped as documented.
    pub fn note_answer(&self, method: &str, path: &str, status: u16, body: &Value) {
        let specification = Specification::get();
        let Some(operation) = specification.find(method, path) else {
            return;
        };
        let is_listed = operation.statuses.contains(&status);
        assert!(
            is_listed || ANYWHERE.contains(&status),
            "{} answered {status}, which is not documented: {body}",
            operation.id
        );
        if let Some(schema) = operation.schema(status) {
            let place = format!("{} {status}", operation.id);
            super::schema::check(&specification.document, schema, body, &place);
        }
        if is_listed {
            self.statuses.lock().unwrap().insert((operation.id.clone(), status));
        }
    }

    /// Notes a frame that a client sent.
    pub fn note_sent(&self, frame: &Value) {
        if let Some(kind) = frame["type"].as_str() {
            self.sent.lock().unwrap().insert(kind.to_owned());
        }
    }

    /// Notes a frame that the server sent; it must be as documented.
    pub fn note_received(&self, frame: &Value) {
        Frames::get().check(frame);
        if let Some(kind) = frame["type"].as_str() {
            self.received.lock().unwrap().insert(kind.to_owned());
        }
    }

    /// What was seen, set against the document. `never` lists what this
    /// combination by design cannot answer.
    pub fn counts(&self, never: &[(&str, u16)]) -> Counts {
        let mut expected = documented();
        expected.retain(|(id, status)| !never.contains(&(id.as_str(), *status)));
        let seen = self.statuses.lock().unwrap();
        let mut missing: Vec<String> = expected
            .difference(&seen)
            .map(|(operation, status)| format!("{operation} {status}"))
            .collect();
        let (sent, received) = (self.sent.lock().unwrap(), self.received.lock().unwrap());
        let frames = Frames::get();
        missing.extend(absent("client", &frames.client, &sent));
        missing.extend(absent("server", &frames.server, &received));
        let operations: BTreeSet<_> = seen.iter().map(|(operation, _)| operation).collect();
        Counts {
            operations: operations.len(),
            statuses: seen.len(),
            client_frames: frames.client.intersection(&sent).count(),
            server_frames: received.len(),
            missing,
        }
    }

    /// The documented pair was seen.
    pub fn has(&self, operation: &str, status: u16) -> bool {
        self.statuses.lock().unwrap().contains(&(operation.to_owned(), status))
    }
}

fn documented() -> BTreeSet<(String, u16)> {
    let operations = Specification::get().operations.iter();
    operations
        .flat_map(|operation| {
            operation.statuses.iter().map(|status| (operation.id.clone(), *status))
        })
        .collect()
}

fn absent(side: &str, known: &BTreeSet<String>, seen: &BTreeSet<String>) -> Vec<String> {
    known.difference(seen).map(|kind| format!("{side} frame {kind}")).collect()
}
