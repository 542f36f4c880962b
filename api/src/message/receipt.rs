//! What became of a send, as REST and the socket tell it.

use chrono::{DateTime, Utc};
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use uuid::uuid;
use warren_domain::id::{ChannelId, MessageId};
use warren_domain::message::{IdempotencyKey, Outcome, Rejection, SendState};

/// What became of a send.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none, example)]
pub(crate) struct Receipt {
    /// The message's id, the same for every repetition.
    pub id: MessageId,
    /// Where the send stands.
    pub outcome: ReceiptOutcome,
    /// The key to repeat it under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The channel it is in, once committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// Its number in the channel, once committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// When it was committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Rejection>,
}

impl Example for Receipt {
    fn example() -> Self {
        Self {
            idempotency_key: Some("9f0c1f0e-6d3b-4c5e-8a51-2f6f3d0f7c11".into()),
            channel_id: Some(ChannelId(uuid!("77617272-656e-8000-8000-000000000001"))),
            seq: Some(42),
            at: DateTime::from_timestamp(1_795_262_400, 0),
            ..Self::bare(
                MessageId(uuid!("efddd036-1a96-8292-9e27-6673b4f94bb6")),
                ReceiptOutcome::Committed,
            )
        }
    }
}

/// Where a send stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(crate) enum ReceiptOutcome {
    /// The log has it: nothing can lose it any more.
    Accepted,
    /// The database has it: it has a number.
    Committed,
    /// It will never be a message.
    Rejected,
    /// Not decided yet.
    Pending,
}

impl Receipt {
    /// Of a send that the log has.
    #[must_use]
    pub(crate) fn accepted(id: MessageId, key: Option<IdempotencyKey>) -> Self {
        Self { idempotency_key: key.map(String::from), ..Self::bare(id, ReceiptOutcome::Accepted) }
    }

    /// Of a send at its end.
    #[must_use]
    pub(crate) fn settled(id: MessageId, key: Option<IdempotencyKey>, outcome: Outcome) -> Self {
        let idempotency_key = key.map(String::from);
        match outcome {
            Outcome::Committed { channel_id, seq, at } => Self {
                idempotency_key,
                channel_id: Some(channel_id),
                seq: Some(seq),
                at: Some(at),
                ..Self::bare(id, ReceiptOutcome::Committed)
            },
            Outcome::Rejected { reason } => Self {
                idempotency_key,
                reason: Some(reason),
                ..Self::bare(id, ReceiptOutcome::Rejected)
            },
        }
    }

    /// Of a send looked up later.
    #[must_use]
    pub(crate) fn of(id: MessageId, state: SendState) -> Self {
        match state {
            SendState::Settled(outcome) => Self::settled(id, None, outcome),
            SendState::Pending => Self::bare(id, ReceiptOutcome::Pending),
        }
    }

    fn bare(id: MessageId, outcome: ReceiptOutcome) -> Self {
        Self {
            id,
            outcome,
            idempotency_key: None,
            channel_id: None,
            seq: None,
            at: None,
            reason: None,
        }
    }
}
