//! The frames of the socket: JSON text, one object each, told apart by `type`.
//! `openapi/asyncapi.yaml` is made from these types.

mod client;
mod event;
mod server;

pub use client::read_client_frame;
pub(crate) use client::{
    ClientFrame, HelloFrame, ReactFrame, ReadFrame, Referred, SendFrame, SubscribeFrame,
    TypingFrame,
};
pub(crate) use event::EventFrame;
pub(crate) use server::{
    DoneFrame, HasReadFrame, OnlineStatus, PongFrame, PresenceFrame, ReadyFrame, ReceiptFrame,
    ResyncFrame, ResyncReason, ServerFrame, SomebodyTypingFrame,
};
