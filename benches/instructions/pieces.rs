//! The pieces: each prepares what it needs, then does one thing so many times.

use std::hint::black_box;

use prosper::clock::Clock;
use prosper::contract::login_with_prosper::token_json;
use prosper::contract::table::Table as _;
use prosper::contract::token_endpoint::{PasswordFlowError, refusal_json};
use prosper::crypto::entropy::Entropy;
use prosper::crypto::keys::Keys;
use prosper::crypto::ring::{KeyUse, MasterKey, RingKey};
use prosper::crypto::seal::{Purpose, from_base64, to_base64};
use prosper::domain::redirect_uri::RedirectUri;
use prosper::domain::time::Timestamp;
use prosper::web::answer;
use prosper::web::read::Parameters;

/// A piece: its name, and what does it so many times.
pub type Piece = (&'static str, fn(u64));

/// All of them.
pub const PIECES: [Piece; 8] = [
    ("seal", seal),
    ("open", open),
    ("refuse", refuse),
    ("read_form", read_form),
    ("read_json", read_json),
    ("match_redirect", match_redirect),
    ("exchange_answer", exchange_answer),
    ("error_answer", error_answer),
];

/// What is sealed into a token, about.
const FACTS: [u8; 120] = [0x5a; 120];

const FORM: &[u8] = b"grant_type=password&client_id=0123456789abcdef0123456789abcdef\
    &client_secret=fedcba9876543210fedcba9876543210&username=ada%2Btest@example.com&password=correct+horse%26battery";

const JSON: &[u8] = br#"{"client_id":"0123456789abcdef0123456789abcdef",
    "client_secret":"fedcba9876543210fedcba9876543210","code":"AQAAAAEBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fIA"}"#;

/// A ring of one key each, and randomness that is the same each time. The clock stands still: callgrind hides from a
/// program the quick way in which it would read a running one.
fn ring() -> (Keys, Entropy) {
    let (entropy, at) = (Entropy::seeded([7; 32]), Timestamp::default());
    let master = MasterKey::generate(&entropy);
    let stored =
        [(1, KeyUse::Seal), (2, KeyUse::Hash)].map(|(id, usage)| RingKey::generate(id, usage, &master, &entropy, at));
    let keys = Keys::unlock(&master, &stored, &Clock::frozen(at)).expect("the ring was made with this master key");
    (keys, entropy)
}

fn seal(times: u64) {
    let (keys, entropy) = ring();
    for _ in 0..times {
        black_box(to_base64(&keys.seal(Purpose::LoginToken, black_box(&FACTS), &entropy)));
    }
}

fn open(times: u64) {
    let (keys, entropy) = ring();
    let token = to_base64(&keys.seal(Purpose::LoginToken, &FACTS, &entropy));
    for _ in 0..times {
        let blob = from_base64(black_box(&token)).expect("as it was written");
        assert!(black_box(keys.open(Purpose::LoginToken, &blob)).is_some());
    }
}

/// A token with one bit turned over.
fn refuse(times: u64) {
    let (keys, entropy) = ring();
    let mut altered = keys.seal(Purpose::LoginToken, &FACTS, &entropy);
    *altered.last_mut().expect("it is not empty") ^= 1;
    let token = to_base64(&altered);
    for _ in 0..times {
        let blob = from_base64(black_box(&token)).expect("as it was written");
        assert!(black_box(keys.open(Purpose::LoginToken, &blob)).is_none());
    }
}

fn read_form(times: u64) {
    for _ in 0..times {
        assert!(black_box(Parameters::of_form(black_box(FORM))).is_ok());
    }
}

fn read_json(times: u64) {
    for _ in 0..times {
        assert!(black_box(Parameters::of_json(black_box(JSON))).is_ok());
    }
}

/// With a query that the application added.
fn match_redirect(times: u64) {
    let uri = RedirectUri::register("https://app.example.com/oauth/callback", false).expect("a good one");
    for _ in 0..times {
        assert!(uri.matches(black_box("https://app.example.com/oauth/callback?next=%2Fhome&tab=2")));
    }
}

fn exchange_answer(times: u64) {
    let token = to_base64(&[0x5a; 148]);
    for _ in 0..times {
        black_box(answer::json(200, token_json(black_box(&token))));
    }
}

fn error_answer(times: u64) {
    for _ in 0..times {
        let row = black_box(PasswordFlowError::BadCredentials).row();
        black_box(answer::json(row.status, refusal_json(row)));
    }
}
