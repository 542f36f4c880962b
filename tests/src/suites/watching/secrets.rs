//! Row 68: nothing that only its owner may know, however much is logged.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::json;

use crate::client::{Cursors, Person, Rest, unique};
use crate::deployment::{Deployment, JWT_SECRET, Options};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "watching", [secrets_are_in_no_log_and_no_answer_to_monitors])
}

async fn secrets_are_in_no_log_and_no_answer_to_monitors(world: Arc<World>) {
    let options = Options { apis: 1, workers: 1, ..Options::default() }
        .with("WARREN_LOG", "trace")
        .with("WARREN_SMTP_URL", "smtp://warren:mail-hunter2@127.0.0.1:1?tls=off")
        .with("WARREN_SMTP_FROM", "warren@example.org")
        .with("WARREN_PUBLIC_URL", "https://chat.example.org");
    let deployment = world.deploy(options).await;
    let rest = Rest::new(deployment.api(0), &world.coverage);
    let email = format!("{}@example.org", unique("secret"));
    let mut secrets = everything_confidential(&rest, &email).await;
    secrets.extend(passwords(&deployment));
    let mut told = String::new();
    for path in ["/healthcheck", "/metrics", "/readyz", "/ping"] {
        let answer = reqwest::get(format!("{}{path}", rest.base)).await.expect("an answer");
        told += &answer.text().await.expect("a text");
    }
    let apis = deployment.apis.iter().map(|node| &node.program);
    for program in apis.chain(&deployment.workers) {
        let log = program.output();
        assert!(log.contains("TRACE") || log.contains("DEBUG"), "it logs: {log}");
        told += &log;
    }
    for (what, secret) in &secrets {
        let found = told.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(found, None, "{what}");
    }
}

/// Does what has to do with a secret, and answers each.
async fn everything_confidential(rest: &Rest, email: &str) -> Vec<(&'static str, String)> {
    let (username, password) = (unique("ann"), "correct horse battery".to_owned());
    let signup = json!({
        "username": username, "password": password, "first_name": "Ann", "email": email,
    });
    let session = rest.post("/v1/signup", signup).await.expect(201).clone();
    let ann = Person::from_session(rest, &session, &password);
    let wrong = "a wrong horse battery";
    rest.post("/v1/login", json!({"username": username, "password": wrong})).await.expect(401);
    rest.post("/v1/login", json!({"username": email, "password": password})).await.expect(200);
    rest.post("/v1/password/forgot", json!({"email": email})).await;
    let ticket = ann.post_empty("/v1/ws/ticket").await.expect(201)["ticket"].to_string();
    let text = "between the two of us";
    let mut socket = ann.socket(&Cursors::new()).await;
    socket
        .send(json!({"type": "send", "channel": "public", "text": text, "key": unique("k")}))
        .await;
    socket.until_type("receipt").await;
    vec![
        ("a password", password),
        ("a wrong password", wrong.to_owned()),
        ("an address", email.to_owned()),
        ("an access token", ann.token().to_owned()),
        ("a refresh token", ann.refresh_token.clone()),
        ("a ticket", ticket.trim_matches('"').to_owned()),
        ("a text", text.to_owned()),
    ]
}

/// Those that the server itself signs in with.
fn passwords(deployment: &Deployment) -> Vec<(&'static str, String)> {
    let generated = std::fs::read_to_string(deployment.data_directory.join("jwt-secret"));
    let signing = generated.map_or_else(|_| JWT_SECRET.to_owned(), |text| text.trim().to_owned());
    let mut passwords = vec![("mail", "mail-hunter2".to_owned()), ("signing", signing)];
    for url in [&deployment.database_url, &deployment.log_url] {
        // With what stands around it: short ones are words of their own.
        let password = url::Url::parse(url).ok().and_then(|url| url.password().map(str::to_owned));
        passwords.extend(password.map(|password| ("a server's", format!(":{password}@"))));
    }
    passwords
}
