//! Texts, names and keys.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::json;

use crate::client::{new_key, unique};
use crate::facts;
use crate::world::World;

const MAX_TEXT_BYTES: usize = 16 * 1024;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "hostile_rest",
        [
            longest_text_is_kept_and_one_byte_more_refused,
            text_without_anything_to_see_is_refused,
            nul_is_refused,
            deeply_nested_markdown_is_refused_or_harmless,
            lone_surrogate_is_malformed,
            emoji_and_bidi_marks_come_back_byte_for_byte,
            unusable_key_is_refused,
            line_breaks_in_names_are_refused,
        ]
    )
}

/// Row 11.
async fn longest_text_is_kept_and_one_byte_more_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    for letter in ["a", "ß", "€", "🐇", "\"", "\u{1}"] {
        let mut longest = letter.repeat((MAX_TEXT_BYTES - 1) / letter.len());
        longest.push_str(&"a".repeat(MAX_TEXT_BYTES - longest.len()));
        ann.say(&channel, &longest).await;
        let stored = ann.messages(&channel, "?limit=1").await;
        assert_eq!(stored[0]["text"], longest.as_str());
        let longer = format!("{longest}a");
        ann.post_message(&channel, &longer, &new_key()).await.expect_invalid("text");
    }
    assert_eq!(ann.messages(&channel, "").await.len(), 6);
}

/// Row 11.
async fn text_without_anything_to_see_is_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    for text in ["", " ", "\n\t ", "\u{200b}", "\u{200b}\u{200d}\u{feff}", "\u{3000}", "\u{2060}"] {
        ann.post_message(&channel, text, &new_key()).await.expect_invalid("text");
    }
    assert!(ann.messages(&channel, "").await.is_empty());
}

/// Row 21: the committer looks for names in a text.
async fn deeply_nested_markdown_is_refused_or_harmless(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    ann.add(&channel, &bob).await;
    let name = format!("@{}", bob.username);
    for opening in [">", "[", "- ", "*a ", "[](", "<!--"] {
        let deepest = opening.repeat(100_000);
        ann.post_message(&channel, &deepest, &new_key()).await.expect_invalid("text");
        let deep = opening.repeat((MAX_TEXT_BYTES - 100) / opening.len());
        ann.say(&channel, &format!("{name}\n\n{deep}{name}")).await;
    }
    assert_eq!(bob.channel(&channel).await["unread_mentions"], 6);
}

/// Row 12.
async fn nul_is_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    ann.post_message(&channel, "a\0b", &new_key()).await.expect_invalid("text");
    assert!(ann.messages(&channel, "").await.is_empty());
    let name = json!({"username": unique("nul"), "password": "correct horse",
        "first_name": "a\0b"});
    world.stranger(0).await.post("/v1/signup", name).await.expect_invalid("first_name");
    let described = json!({"name": unique("room"), "description": "a\0b"});
    ann.post("/v1/channels", described).await.expect_invalid("description");
    let path = format!("/v1/channels/{channel}%00");
    let answer = ann.get(&path).await;
    assert!(matches!(answer.status, 400 | 404), "{}", answer.text);
}

/// Row 13.
async fn lone_surrogate_is_malformed(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let path = format!("/v1/channels/{channel}/messages");
    for body in
        [&br#"{"text":"\ud800"}"#[..], br#"{"text":"\udc00\ud800"}"#, b"{\"text\":\"\xff\"}"]
    {
        ann.post_raw(&path, body).await.expect_problem(400, "malformed_body");
    }
    assert!(ann.messages(&channel, "").await.is_empty());
}

/// Rows 11 and 14.
async fn emoji_and_bidi_marks_come_back_byte_for_byte(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let texts = [
        "🐇",
        "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁷󠁬󠁳󠁿",
        "\u{202e}evil\u{202c}",
        "e\u{301} é",
        "<img src=x onerror=alert(1)>",
        "'; DROP TABLE message; --",
    ];
    for text in texts {
        ann.say(&channel, text).await;
    }
    let stored = ann.messages(&channel, "").await;
    let stored: Vec<_> = stored.iter().filter_map(|message| message["text"].as_str()).collect();
    assert_eq!(stored, texts);
}

/// Row 25.
async fn unusable_key_is_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let (longest, too_long) = ("k".repeat(128), "k".repeat(129));
    for key in [too_long.as_str(), "a\tb"] {
        let refused = ann.post_message(&channel, "hello", key).await;
        refused.expect_problem(400, "invalid_parameter");
    }
    assert!(ann.messages(&channel, "").await.is_empty());
    ann.post_message(&channel, "hello", &longest).await.expect(201);
    let reused = ann.post_message(&channel, "goodbye", &longest).await;
    reused.expect_problem(422, "idempotency_key_reused");
}

/// Row 35; the header is in `wire`.
async fn line_breaks_in_names_are_refused(world: Arc<World>) {
    let stranger = world.stranger(0).await;
    for name in ["Ann\r\nSet-Cookie: a=b", "Ann\n", "\rAnn", "An\u{7f}n", "An\u{85}n"] {
        let body = json!({"username": unique("ann"), "password": "correct horse",
            "first_name": name});
        stranger.post("/v1/signup", body).await.expect_invalid("first_name");
    }
}
