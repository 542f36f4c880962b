//! Written by hand: what the generator does not know of Warren.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use crate::Client;

/// Longer than the longest long poll.
const TIMEOUT: Duration = Duration::from_secs(45);

impl Client {
    /// A client with an access token, as signing up or in gave it.
    ///
    /// # Errors
    /// If `token` can be none, or the machine has no way to make requests.
    pub fn signed_in(base_url: &str, token: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))?;
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
        let http = reqwest::Client::builder().timeout(TIMEOUT).default_headers(headers).build()?;
        Ok(Self::new_with_client(base_url, http))
    }
}
