//! Where every form stands, and who stands before it: the pages that are opened to fill forms in.

use prosper::domain::account::StaffRole;
use prosper::domain::space::Admission;
use prosper::domain::status::Status;
use prosper::flows::setup::open_setup;
use prosper::mail::transport::Way;
use prosper::store::applications::ApplicationChange;
use prosper::store::spaces::ChangeSpace;

use crate::prosper::login::CALLBACK;
use crate::prosper::people::PASSWORD;
use crate::prosper::smtp::by;
use crate::prosper::{App, Browser, Person, Prosper, Start};

/// A browser, and the pages to open in it.
pub type Places<'p> = Vec<(Browser<'p>, Vec<String>)>;

fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(|path| (*path).to_owned()).collect()
}

impl Prosper {
    /// The link of the last mail to this address with this in its subject.
    async fn mailed(&self, to: &str, subject: &str) -> String {
        let mut mails = self.mails_to(to).await;
        mails.retain(|mail| mail.subject.contains(subject));
        mails.pop().unwrap_or_else(|| panic!("no mail {subject:?} to {to}")).link(self)
    }
}

/// A house in use: people, owners and staff, each with what they may do.
pub async fn in_use(p: &Prosper) -> Places<'_> {
    let boss = p.staff("boss@example.com", StaffRole::Administrator).await;
    let acme = p.institution("acme@example.com").await;
    let agents = p.agent("ops@agent.example").await;
    let agent = agents.registers_agent_app("Northwind", "https://agent.example/cb").await;
    let (login, off) = (acme.has_login_app("Acme", &[CALLBACK]).await, acme.has_login_app("Off", &[CALLBACK]).await);
    off.changes(ApplicationChange::Disabled(true)).await;
    let mut places = vec![nobody(p).await, investor(p, &acme, &login, &agent).await];
    let waiting = p.investor("uma@example.com").await;
    waiting.becomes(Status::IncompleteRegistration).await;
    places.push((waiting.signs_in().await, strings(&["/account/finish"])));
    let unconfirmed = p.investor("una@example.com").await;
    unconfirmed.becomes(Status::Unactivated).await;
    places.push((unconfirmed.signs_in().await, strings(&["/verify-email"])));
    places.push((agents.signs_in().await, strings(&["/oauth"])));
    places.push((boss.signs_in().await, strings(&["/console/sign-in"])));
    places.push(staff(p, &boss, &login, &off, &agents).await);
    places.push(owner(p, &acme, &login, &off).await);
    places
}

async fn nobody(p: &Prosper) -> (Browser<'_>, Vec<String>) {
    let browser = p.browser();
    p.investor("bob@example.com").await;
    let forgot = browser.get("/forgot").await;
    browser.submit(&forgot, &[("email", "bob@example.com")]).await.is(200);
    let sign_up = browser.get("/sign-up").await;
    let new = [("full_name", "Grace"), ("email", "grace@example.com"), ("password", "ships in port are safe")];
    browser.submit(&sign_up, &new).await.is(200);
    let moved = p.investor("old@example.com").await.signs_in().await;
    let page = moved.get("/account/email").await;
    moved.submit(&page, &[("email", "new@example.com"), ("current", PASSWORD)]).await.is(200);
    let confirm = moved.get(&p.mailed("new@example.com", "").await).await;
    moved.submit(&confirm, &[]).await.is(200);
    let moving = p.investor("moving@example.com").await.signs_in().await;
    let page = moving.get("/account/email").await;
    moving.submit(&page, &[("email", "moved@example.com"), ("current", PASSWORD)]).await.is(200);
    let mut pages = strings(&["/login", "/sign-up", "/forgot", "/account/common/inst_register.aspx"]);
    pages.push(p.mailed("bob@example.com", "").await);
    pages.push(p.mailed("grace@example.com", "").await);
    pages.push(p.mailed("moved@example.com", "").await);
    pages.push(p.mailed("old@example.com", "").await);
    (browser, pages)
}

async fn investor<'p>(
    p: &'p Prosper,
    acme: &Person<'p>,
    login: &App<'p>,
    agent: &App<'p>,
) -> (Browser<'p>, Vec<String>) {
    let ada = p.investor("ada@example.com").await;
    let granted = acme.has_login_app("Granted", &[CALLBACK]).await;
    // A session can be ended from another one alone.
    ada.signs_in().await;
    let browser = ada.signs_in().await;
    browser.code_for(&granted).await;
    let mut pages = strings(&["/oauth", "/account/password", "/account/email", "/account/sessions", "/account/close"]);
    pages.extend(strings(&["/account/sessions/end-all", "/account/agent-request", "/logout"]));
    pages.push(format!("/account/connected-apps/{}/withdraw", granted.id.hex()));
    pages.push(agent.key_url(&[("response_type", "auth_key"), ("state", "s")]));
    pages.push(login.authorize_url(CALLBACK, "s"));
    (browser, pages)
}

async fn owner<'p>(p: &'p Prosper, acme: &Person<'p>, login: &App<'p>, off: &App<'p>) -> (Browser<'p>, Vec<String>) {
    let browser = acme.signs_in().await;
    let base = format!("/oauth/apps/{}", login.id.hex());
    let secret = p.p.store.client(login.id).await.expect("read").expect("there").secrets[0].id.hex();
    let mut pages = strings(&["/account/agent-request", "/oauth"]);
    pages.extend(["", "/profile", "/disable", "/delete", "/secrets/revoke"].map(|page| format!("{base}{page}")));
    pages.extend([format!("{base}/secrets/{secret}/revoke"), format!("/oauth/apps/{}", off.id.hex())]);
    pages.push(p.mailed("acme@example.com", "").await);
    (browser, pages)
}

async fn staff<'p>(
    p: &'p Prosper,
    boss: &Person<'p>,
    login: &App<'p>,
    off: &App<'p>,
    agents: &Person<'p>,
) -> (Browser<'p>, Vec<String>) {
    let (asking, gone) = (p.asking("asking@example.com", "please").await, p.investor("gone@example.com").await);
    gone.becomes(Status::Closed).await;
    let desk = boss.opens_the_console().await;
    let app_page = format!("/console/applications/{}", login.id.hex());
    desk.submit_to(&desk.get(&app_page).await, "/hand-over", &[]).await.is(200);
    let mut pages = strings(&["/console/applications/new", "/console/spaces", "/console/keys", "/console/mail/1"]);
    pages.extend([&asking, &gone].map(|person| format!("/console/accounts/{}", person.id)));
    pages.extend([&asking, agents].map(|person| format!("/console/requests/{}", person.id)));
    pages.extend([format!("/console/spaces/{}", p.space), app_page]);
    pages.push(format!("/console/applications/{}", off.id.hex()));
    pages.extend(strings(&["/console/accounts", "/console/applications", "/console/audit"]));
    (desk, pages)
}

/// A house that nobody looks after yet.
pub async fn without_staff(p: &Prosper) -> Places<'_> {
    let url = open_setup(p.system(), &p.p).await.expect("written").expect("nobody is staff yet");
    let link = url.expose().strip_prefix(&p.url).expect("a link of ours").to_owned();
    vec![(p.browser(), vec![link])]
}

/// A house that sends mail.
pub async fn that_sends() -> Prosper {
    Prosper::start_with(Start { mail: by(Way::Folder("nowhere".into())), ..Start::default() }).await
}

/// There, a mail that waits.
pub async fn with_mail(p: &Prosper) -> Places<'_> {
    let boss = p.staff("boss@example.com", StaffRole::Administrator).await;
    p.writes_to("boss@example.com").await;
    vec![(boss.opens_the_console().await, strings(&["/console/mail/1"]))]
}

/// A house of so many spaces that one is typed, and of a few, of which one is chosen.
pub async fn of_spaces(p: &Prosper, count: usize) -> Places<'_> {
    for number in 0..count {
        let name = format!("House {number}");
        let id = p.space(&name).await;
        let open = ChangeSpace {
            id,
            name,
            support_email: None,
            brand: None,
            logo: None,
            sign_up: Some(Admission::Open),
            trail: p.system(),
        };
        assert!(p.p.store.change_space(open).await.expect("written"));
    }
    let boss = p.staff("boss@example.com", StaffRole::Administrator).await;
    vec![
        (p.browser(), strings(&["/login", "/sign-up", "/forgot", "/account/common/inst_register.aspx"])),
        (boss.opens_the_console().await, strings(&["/console/applications/new"])),
    ]
}
