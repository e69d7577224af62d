//! The Investor API from Rust: tokens for your own account, a call, a new token.
//!
//! ```text
//! BASE=http://127.0.0.1:8080 CLIENT_ID=… CLIENT_SECRET=… USERNAME=… PASSWORD=… cargo run --example investor_api
//! ```
//!
//! `prosper-client` brings no HTTP client. This one is hyper's, and speaks plain HTTP, which is enough for a sandbox.

use std::collections::HashMap;
use std::error::Error;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use prosper_client::{Credentials, InvestorApi, Request, Response};

/// What the program needs to know, by name.
pub type Settings = HashMap<String, String>;

/// Reads the account twice, with a first token and with a refreshed one, and says what it found.
///
/// # Errors
/// What Prosper answered, or that it could not be reached.
pub async fn run(settings: &Settings) -> Result<String, Box<dyn Error>> {
    let setting = |name: &str| settings.get(name).cloned().ok_or_else(|| format!("{name} is not set"));
    let credentials = Credentials::new(setting("CLIENT_ID")?, setting("CLIENT_SECRET")?);
    let api = InvestorApi::new(setting("BASE")?.parse()?, credentials);

    let first = api.password(&setting("USERNAME")?, setting("PASSWORD")?).send(&through_hyper).await?;
    let account = api.get("v1/accounts/prosper/", &first.access_token).send(&through_hyper).await?;

    let refresh_token = first.refresh_token.ok_or("a person's tokens hold a refresh token")?;
    let fresh = api.refresh(&refresh_token).send(&through_hyper).await?;
    let again = api.get("v1/accounts/prosper/", &fresh.access_token).send(&through_hyper).await?;
    Ok(format!("{} in all, {} of it in cash", account["total_account_value"], again["available_cash_balance"]))
}

/// Sends a request of the client crate with hyper.
///
/// # Errors
/// No whole answer came.
pub async fn through_hyper(request: Request) -> Result<Response, Box<dyn Error>> {
    let mut sent = http::Request::builder().method(request.method.as_str()).uri(request.url.as_str());
    for (name, value) in request.headers {
        sent = sent.header(name, value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let answer = client.request(sent.body(Full::from(request.body))?).await?;
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Response {
        status: answer.status().as_u16(),
        request_id: header("x-request-id"),
        retry_after: header("retry-after").and_then(|seconds| seconds.parse().ok()),
        body: String::from_utf8(answer.into_body().collect().await?.to_bytes().to_vec())?,
    })
}

#[allow(dead_code, reason = "the tests call `run`")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "this is a program of its own")]
    let settings = std::env::vars().collect();
    println!("{}", run(&settings).await?);
    Ok(())
}
