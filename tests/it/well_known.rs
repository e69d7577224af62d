//! What browsers, crawlers and researchers ask every site for.

use crate::prosper::{Prosper, Start, hours};

#[tokio::test]
async fn the_icon_is_found_where_browsers_look_for_one() {
    let p = Prosper::start().await;
    let led = p.get("/favicon.ico").await;
    let icon = p.get(led.is(302).location()).await;
    assert_eq!(icon.is(200).header("content-type"), Some("image/svg+xml"));
    p.get("/").await.page_says(&format!("<link rel=\"icon\" type=\"image/svg+xml\" href=\"{}\">", led.location()));
}

#[tokio::test]
async fn search_engines_are_asked_to_keep_to_the_front_page_and_the_documentation() {
    let p = Prosper::start().await;
    let robots = p.get("/robots.txt").await;
    assert_eq!(robots.is(200).header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(robots.body, "User-agent: *\nAllow: /$\nAllow: /docs\nDisallow: /\n");
}

/// RFC 9116: contact and expiry are demanded, and nobody is named who was not chosen.
#[tokio::test]
async fn where_to_report_a_weakness_is_said_when_the_operator_chose_whom_to_write_to() {
    let path = "/.well-known/security.txt";
    let unchosen = Prosper::start().await;
    unchosen.get(path).await.is(404).page_says("There is nothing here");
    let start = Start {
        security_contact: Some("help@bank.example"),
        public_url: Some("https://id.bank.example"),
        ..Start::default()
    };
    let p = Prosper::start_with(start).await;
    let said = p.get(path).await;
    assert_eq!(said.is(200).header("content-type"), Some("text/plain; charset=utf-8"));
    let expires = p.clock.now().plus(hours(90 * 24));
    let expected = format!(
        "Contact: mailto:help@bank.example\nExpires: {expires}\nPreferred-Languages: en\n\
         Canonical: https://id.bank.example{path}\n"
    );
    assert_eq!(said.body, expected);
}
