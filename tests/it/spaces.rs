//! Spaces: what their pages wear, and that ten thousand of them cost nothing.

use std::sync::Arc;

use prosper::domain::account::StaffRole;
use prosper::fault::Fault;
use prosper::store::audit::Trail;
use prosper::store::changes::Change;
use prosper::store::engine::{Tx, Unit};

use crate::prosper::people::PASSWORD;
use crate::prosper::{Browser, Prosper};

impl Prosper {
    async fn administrator(&self) -> Browser<'_> {
        let ada = self.investor("admin@example.com").await;
        let trail = Trail::system(self.clock.now());
        assert!(self.p.store.set_staff(ada.id, Some(StaffRole::Administrator), trail).await.expect("written"));
        let browser = ada.signs_in().await;
        let page = browser.visit("/console").await;
        browser.submit(&page, &[("password", PASSWORD)]).await.is(303);
        browser
    }
}

#[tokio::test]
async fn sign_in_and_consent_wear_the_name_colour_and_help_of_the_space() {
    let p = Prosper::start().await;
    let admin = p.administrator().await;
    let page = admin.visit("/console/spaces").await;
    let bad = [("name", "Acme"), ("support_email", "help"), ("brand", "#ffcc00")];
    let answer = admin.submit(&page, &bad).await;
    answer
        .is(400)
        .page_says("Too light to be read on white.")
        .page_says("Not an email address.")
        .page_says("value=\"Acme\"");
    let good = [("name", "Acme"), ("support_email", "help@acme.example"), ("brand", "#7a1f3d")];
    admin.submit(&page, &good).await.is(303).redirects_to("/console/spaces/2?done=made");
    admin
        .submit(&page, &[("name", "ACME"), ("support_email", ""), ("brand", "")])
        .await
        .is(400)
        .page_says("Somebody has this already.");

    let space = p.p.store.spaces().await.expect("read")[1].id;
    let eve = p.person("eve@acme.example", prosper::domain::account::AccountKind::Individual, space).await;
    let app = eve.has_login_app("Notes", &["https://notes.example/cb"]).await;
    let browser = p.browser();
    let sign_in = browser.visit(&app.authorize_url("https://notes.example/cb", "s")).await;
    for page in [&sign_in, &{
        let after = browser.submit(&sign_in, &[("email", &eve.email), ("password", &eve.password)]).await;
        browser.follow(after).await
    }] {
        page.is(200)
            .page_says("· Acme</title>")
            .page_says("/spaces/2/brand.css?v=7a1f3d")
            .page_says("help@acme.example");
    }
    let sheet = p.get("/spaces/2/brand.css?v=7a1f3d").await;
    assert_eq!(sheet.is(200).header("content-type"), Some("text/css; charset=utf-8"));
    sheet.page_says("--brand:#7a1f3d;--brand-ink:#ffffff");
    for nothing in ["/spaces/1/brand.css", "/spaces/9/brand.css", "/spaces/x/brand.css", "/spaces/2/logo"] {
        p.get(nothing).await.is(404);
    }
    // The first space keeps its own.
    p.browser().visit("/login").await.page_says("· Prosper</title>").page_does_not_say("brand.css");
}

#[tokio::test]
async fn a_logo_is_drawn_anew_and_what_is_no_picture_is_refused_r_79() {
    let p = Prosper::start().await;
    let admin = p.administrator().await;
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(600, 300).write_to(&mut png, image::ImageFormat::Png).expect("drawn");
    let upload = async |content: &[u8]| {
        let page = admin.visit("/console/spaces/1").await;
        admin.upload(&page, "/logo", content).await
    };
    upload(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
        .await
        .is(400)
        .page_says("Not a PNG, JPEG or WebP picture");
    upload(b"").await.is(400).page_says("Please fill this in.");
    upload(png.get_ref()).await.is(303);
    let logo = p.get("/spaces/1/logo").await;
    assert_eq!(logo.is(200).header("content-type"), Some("image/png"));
    assert_eq!(logo.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    p.browser().visit("/login").await.page_says("/spaces/1/logo");
    let page = admin.visit("/console/spaces/1").await;
    admin.submit_to(&page, "/logo", &[("do", "remove")]).await.is(303);
    p.get("/spaces/1/logo").await.is(404);
}

/// staff say who opens accounts here, and invite.
#[tokio::test]
async fn an_administrator_says_who_opens_accounts_and_invites_somebody() {
    let p = Prosper::start().await;
    let admin = p.administrator().await;
    let page = admin.visit("/console/spaces/1").await;
    page.page_says("Who may open an account").page_says("prosper space invite ada@example.com --space Prosper");
    let fields = |sign_up| [("name", "Prosper"), ("support_email", ""), ("brand", ""), ("sign_up", sign_up)];
    admin.submit_to(&page, "/console/spaces/1", &fields("ajar")).await.is(400);
    admin.submit_to(&page, "/console/spaces/1", &fields("invitation")).await.is(303);
    assert_eq!(p.p.store.spaces().await.expect("read")[0].sign_up.name(), "invitation");
    p.get("/sign-up").await.is(403);

    let page = admin.visit("/console/spaces/1").await;
    let back = admin.submit_to(&page, "/invite", &[("email", "grace")]).await;
    back.is(400);
    assert!(back.error_beside("email").is_some(), "{}", back.told());
    assert_eq!(back.value_of("email").as_deref(), Some("grace"));
    let sent = admin.submit_to(&page, "/invite", &[("email", "grace@example.com")]).await;
    admin.follow(sent).await.is(200).page_says("The invitation is in the mail");
    let link = p.mails_to("grace@example.com").await[0].link(&p);
    p.get(&link).await.is(200).page_says("You were invited");
    // whoever presses the button again and again fills nobody's mailbox, and the last link works.
    for _ in 0..4 {
        admin.submit_to(&page, "/invite", &[("email", "grace@example.com")]).await.is(303);
    }
    let many = admin.submit_to(&page, "/invite", &[("email", "grace@example.com")]).await;
    assert_eq!(many.is(429).header("retry-after"), Some("3600"), "{}", many.told());
    let mails = p.mails_to("grace@example.com").await;
    assert_eq!(mails.len(), 5);
    let (first, link) = (link, mails[4].link(&p));
    p.get(&first).await.is(404);
    p.get(&link).await.is(200).page_says("You were invited");

    admin.submit_to(&page, "/console/spaces/1", &fields("closed")).await.is(303);
    admin.submit_to(&page, "/invite", &[("email", "ada@example.com")]).await.is(409);
    admin.visit("/console/spaces/1").await.page_does_not_say("/invite");
    p.get(&link).await.is(404);
}

/// As many spaces as nobody has.
struct Many(i64);

impl Unit for Many {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        tx.execute(
            "with recursive numbers(n) as (select 2 union all select n + 1 from numbers where n < ?1)
             insert into spaces (id, name, folded_name, support_email, brand, created_at)
             select n, 'House ' || n, 'house ' || n, null, '#0b6b4d', 0 from numbers",
            prosper::values![self.0],
        )
        .await?;
        tx.changed(Change::Spaces);
        Ok(())
    }
}

#[tokio::test]
async fn ten_thousand_spaces_are_read_once_and_make_no_page_longer() {
    let p = Prosper::start().await;
    let admin = p.administrator().await;
    let (few, listed) = (p.get("/login").await.body.len(), admin.visit("/console/spaces").await.body.len());
    p.p.store.write(Many(10_000)).await.expect("written");
    let mut spaces = p.p.store.spaces().await.expect("read");
    assert_eq!(spaces.len(), 10_000);
    // A node forgets what it changed itself once more when it meets that in the change log, and on a crowded machine its
    // lease may run out between two looks: a few may be needed, and a list that is not held needs more than any number.
    let mut looks = 0;
    loop {
        the_pages_stay_short(&p, &admin, (few, listed)).await;
        // All those pages read the list that is held, and not the database: it is the very same.
        let held = p.p.store.spaces().await.expect("read");
        if Arc::ptr_eq(&spaces, &held) {
            break;
        }
        (spaces, looks) = (held, looks + 1);
        assert!(looks < 30, "read again and again");
    }
    // Less than three megabytes, names and all.
    let bytes: usize = spaces.iter().map(|space| size_of_val(space) + space.name.capacity()).sum();
    assert!(bytes < 3_000_000, "{bytes}");
    // Somebody of the last one signs in by its name, and its page wears its colours.
    let eve = p.person("eve@x.example", prosper::domain::account::AccountKind::Individual, spaces[9_999].id).await;
    let browser = p.browser();
    let page = browser.visit("/login").await;
    let fields = [("email", eve.email.as_str()), ("password", PASSWORD), ("space", "House 10000")];
    browser.submit(&page, &fields).await.is(303);
    browser.visit("/account").await.page_says("/spaces/10000/brand.css").page_says("· House 10000</title>");
}

/// A line of sign-in more to type into, and a page of fifty: not a list of ten thousand.
async fn the_pages_stay_short(p: &Prosper, admin: &Browser<'_>, (few, listed): (usize, usize)) {
    let many = p.browser().visit("/login").await;
    assert!(many.is(200).body.len() < few + 1_000, "{} after {few}", many.body.len());
    many.page_says("Leave it empty if you were told none.");
    let page = admin.visit("/console/spaces").await;
    assert!(page.is(200).body.len() < listed + 60_000, "{} after {listed}", page.body.len());
    page.page_says("10000 altogether").page_says("House 50").page_does_not_say("House 52<");
    admin.visit("/console/spaces?q=house+9999").await.page_says("House 9999").page_does_not_say("House 9998");
    admin.visit("/console/accounts").await.is(200);
}
