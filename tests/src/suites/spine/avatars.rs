//! Pictures of people.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use image::{DynamicImage, ImageFormat, RgbImage, RgbaImage};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Content, Person};
use crate::deployment::Options;
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

const PROMPT: Duration = Duration::from_secs(5);

/// The largest body that is read.
const BODY_CAP_BYTES: usize = 2 * 1024 * 1024;

/// The beginning of a PNG of 50,000 × 50,000 pixels, with its checksum.
const HUGE: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xc3\x50\0\0\xc3\x50\x08\x06\0\0\0\x4b\xaf\x3d\xca";

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            picture_becomes_a_square_that_everybody_sees,
            picture_is_kept_for_ever_and_another_has_another_id,
            picture_goes_when_its_owner_wants_or_goes,
            what_calls_itself_a_picture_and_is_none_is_refused,
            pictures_too_large_to_unpack_are_refused_before,
            pictures_above_the_cap_or_of_another_type_are_refused,
            many_pictures_at_once_are_made_or_told_to_come_again,
        ]
    )
}

async fn picture_becomes_a_square_that_everybody_sees(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let elsewhere = world.elsewhere(&bob).await;
    ann.say("public", "without a picture").await;
    elsewhere.get(&format!("/v1/users/{}", ann.username)).await.expect(200);
    for (media_type, format, shown_as) in [
        ("image/png", ImageFormat::Png, "image/png"),
        ("IMAGE/JPEG", ImageFormat::Jpeg, "image/jpeg"),
        ("image/webp", ImageFormat::WebP, "image/png"),
        ("application/octet-stream", ImageFormat::Png, "image/png"),
    ] {
        let user = put(&ann, media_type, picture(format)).await.expect(200).clone();
        let (shown, picture) = shown(&elsewhere, &user["avatar_id"]).await;
        assert_eq!(shown.header("content-type"), shown_as);
        assert_eq!((picture.width(), picture.height()), (256, 256));
        assert_eq!(ann.get("/v1/me").await.expect(200)["avatar_id"], user["avatar_id"]);
        let profile = bob.get(&format!("/v1/users/{}", ann.username)).await;
        assert_eq!(profile.expect(200)["avatar_id"], user["avatar_id"]);
        eventually("authors have it elsewhere", PROMPT, async || {
            let answer = elsewhere.get(&format!("/v1/users/{}/messages", ann.username)).await;
            (answer.expect(200)["items"][0]["author"]["avatar_id"] == user["avatar_id"])
                .then_some(())
        })
        .await;
    }
}

async fn picture_is_kept_for_ever_and_another_has_another_id(world: Arc<World>) {
    let ann = world.person("ann").await;
    let file = picture(ImageFormat::Png);
    let first = put(&ann, "image/png", file.clone()).await.expect(200)["avatar_id"].clone();
    let stranger = world.stranger(0).await;
    let path = format!("/v1/avatars/{}", first.as_str().expect("an id"));
    let answer = stranger.get(&path).await;
    answer.expect(200);
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
    let second = put(&ann, "image/png", file).await.expect(200)["avatar_id"].clone();
    assert_ne!(first, second);
    stranger.get(&path).await.expect_problem(404, "not_found");
}

async fn picture_goes_when_its_owner_wants_or_goes(world: Arc<World>) {
    let ann = world.person("ann").await;
    for _ in 0..2 {
        let user = put(&ann, "image/png", picture(ImageFormat::Png)).await.expect(200).clone();
        let path = format!("/v1/avatars/{}", user["avatar_id"].as_str().expect("an id"));
        ann.delete("/v1/me/avatar").await.expect(204);
        ann.delete("/v1/me/avatar").await.expect(204);
        ann.get(&path).await.expect_problem(404, "not_found");
        assert!(ann.get("/v1/me").await.expect(200).get("avatar_id").is_none());
    }
    let user = put(&ann, "image/png", picture(ImageFormat::Png)).await.expect(200).clone();
    let content = Content::Json(json!({"password": ann.password}));
    ann.call(Call { method: "DELETE", path: "/v1/me", content, headers: &[] }).await.expect(204);
    let path = format!("/v1/avatars/{}", user["avatar_id"].as_str().expect("an id"));
    ann.get(&path).await.expect_problem(404, "not_found");
    ann.get("/v1/avatars/ann.png").await.expect_problem(400, "invalid_parameter");
    ann.get("/v1/avatars/..%2F..%2Fwarren.db").await.expect_problem(400, "invalid_parameter");
}

/// Hostile input 23: none of it is ever stored, let alone shown.
async fn what_calls_itself_a_picture_and_is_none_is_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let png = picture(ImageFormat::Png);
    for file in [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec(),
        b"<!doctype html><script>alert(1)</script>".to_vec(),
        b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(),
        Vec::new(),
        png[..png.len() / 2].to_vec(),
    ] {
        put(&ann, "image/png", file).await.expect_problem(422, "not_a_picture");
    }
    assert!(ann.get("/v1/me").await.expect(200).get("avatar_id").is_none());
    let mut hidden = png;
    hidden.extend_from_slice(b"<script>alert(1)</script>");
    let user = put(&ann, "image/png", hidden).await.expect(200).clone();
    let (answer, _) = shown(&ann, &user["avatar_id"]).await;
    assert!(!answer.text.contains("script"), "it is made anew");
}

/// Hostile input 24.
async fn pictures_too_large_to_unpack_are_refused_before(world: Arc<World>) {
    let ann = world.person("ann").await;
    put(&ann, "image/png", HUGE.to_vec()).await.expect_problem(422, "picture_too_large");
    let wide = file(&DynamicImage::from(RgbImage::new(4097, 1)), ImageFormat::Png);
    put(&ann, "image/png", wide).await.expect_problem(422, "picture_too_large");
    let thin = file(&DynamicImage::from(RgbImage::new(1, 4096)), ImageFormat::Png);
    put(&ann, "image/png", thin).await.expect(200);
    let most = file(&DynamicImage::from(RgbImage::new(4096, 4096)), ImageFormat::Png);
    put(&ann, "image/png", most).await.expect(200);
}

async fn pictures_above_the_cap_or_of_another_type_are_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    for media_type in ["image/svg+xml", "text/html", "application/json", "image/gif"] {
        let refused = put(&ann, media_type, picture(ImageFormat::Png)).await;
        refused.expect_problem(415, "unsupported_media_type");
    }
    let answer = eventually("an answer before the end", PROMPT, async || {
        let content = Content::Bytes("image/png", vec![0; BODY_CAP_BYTES + 1]);
        let call = Call { method: "PUT", path: "/v1/me/avatar", content, headers: &[] };
        ann.try_call(call).await.ok()
    })
    .await;
    answer.expect_problem(413, "body_too_large");
}

async fn many_pictures_at_once_are_made_or_told_to_come_again(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    let uploads = (0..40).map(async |_| {
        let content = Content::Bytes("image/png", picture(ImageFormat::Png));
        let call = Call { method: "PUT", path: "/v1/me/avatar", content, headers: &[] };
        ann.ask(call).await
    });
    for answer in join_all(uploads).await {
        assert!([200, 503].contains(&answer.status), "{}", answer.text);
    }
    let me = ann.get("/v1/me").await.expect(200).clone();
    shown(&ann, &me["avatar_id"]).await;
}

async fn put(person: &Person, media_type: &'static str, file: Vec<u8>) -> Answer {
    let content = Content::Bytes(media_type, file);
    person.call(Call { method: "PUT", path: "/v1/me/avatar", content, headers: &[] }).await
}

/// A picture as it is served.
async fn shown(person: &Person, id: &Value) -> (Answer, DynamicImage) {
    let path = format!("/v1/avatars/{}", id.as_str().expect("an id"));
    let answer = person.get(&path).await;
    answer.expect(200);
    let picture = image::load_from_memory(&answer.bytes).expect("a picture");
    (answer, picture)
}

/// One that is transparent, where its format can be.
fn picture(format: ImageFormat) -> Vec<u8> {
    match format {
        ImageFormat::Jpeg => file(&RgbImage::new(300, 200).into(), format),
        _ => file(&RgbaImage::new(20, 30).into(), format),
    }
}

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).expect("a file");
    file.into_inner()
}
