//! A first program: sign up, join a channel, say something twice, read it once.

use uuid::Uuid;
use warren_client::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("WARREN_URL").unwrap_or_else(|_| "http://127.0.0.1:8080".into());
    let username = format!("ann-{}", &Uuid::new_v4().simple().to_string()[..8]);
    let session = Client::new(&url)
        .signup()
        .body_map(|person| {
            person.username(username).password("correct horse battery").first_name("Ann")
        })
        .send()
        .await?;
    let warren = Client::signed_in(&url, &session.access_token)?;
    warren.join_channel().channel("public").send().await?;

    // The same key: one message, however often it is sent.
    let key = Uuid::new_v4().to_string();
    let send = || {
        let message = warren.post_message().channel("public").idempotency_key(&*key);
        message.body_map(|body| body.text("Hello from Rust")).send()
    };
    let (first, second) = (send().await?, send().await?);
    println!("sent {} as number {:?}, and again as {:?}", first.id, first.seq, second.seq);

    let read = warren.get_message().id(first.id).send().await?;
    println!("{}: {}", read.author.username, read.text);

    match warren.get_channel().channel("nowhere").send().await {
        Err(Error::ErrorResponse(problem)) => {
            println!("refused: {} {}", problem.status().as_u16(), problem.code);
        }
        other => println!("not refused: {other:?}"),
    }
    Ok(())
}
