//! A client of Prosper: the tokens of the Investor API ([`InvestorApi`]) and Login with Prosper ([`Login`]).
//!
//! It brings no HTTP client and no runtime. Every call is an [`Ask`]: it makes a [`Request`], and reads the [`Response`].
//! Send it yourself, or hand [`Ask::send`] an [`HttpClient`], which any `async` closure is:
//!
//! ```no_run
//! # async fn through_my_http_client(_: prosper_client::Request) -> Result<prosper_client::Response, std::io::Error> { unimplemented!() }
//! use prosper_client::{Credentials, InvestorApi};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::new("your client id", "your client secret");
//! let api = InvestorApi::new("https://api.example".parse()?, credentials);
//! let tokens = api.password("ada@example.com", "her password").send(&through_my_http_client).await?;
//! let account = api.get("v1/accounts/prosper/", &tokens.access_token).send(&through_my_http_client).await?;
//! println!("{}", account["total_account_value"]);
//!
//! // Within ten hours, and as often as you like:
//! let refresh_token = tokens.refresh_token.as_ref().expect("a person's tokens have one");
//! let fresh = api.refresh(refresh_token).send(&through_my_http_client).await?;
//! # Ok(()) }
//! ```
//!
//! Secrets are of type [`Secret`], which shows itself to nobody who only prints it.

mod ask;
mod investor_api;
mod login;
mod secret;

pub use ask::{Ask, Error, HttpClient, Method, Refusal, Request, Response};
pub use investor_api::{InvestorApi, Tokens};
pub use login::{Authorize, Callback, Login, LoginToken, Profile};
pub use secret::{Credentials, Secret};
