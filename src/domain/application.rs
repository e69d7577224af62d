//! Software that acts for people, and which facts each kind of it must bring (B-01 to B-04).

use super::email::Email;
use super::ids::{AccountId, ClientId, SpaceId};
use super::redirect_uri::{self, RedirectUri};
use super::scope::ScopeSet;
use super::time::Timestamp;
use super::{FieldProblem, FieldProblems, line};

/// What an application is for (B-01, B-01a).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApplicationKind {
    /// An individual's own software, for their own account alone.
    Personal,
    /// An institution's own software, for its own account alone.
    Institutional,
    /// Acts for other investors, who grant it access (seed 1).
    ThirdPartyAgent,
    /// Signs people in: Login with Prosper (seed 3).
    Login,
    /// Borrower Services, machine to machine.
    Partner,
    /// An API behind Prosper that asks whether a token may be used.
    Api,
}

impl ApplicationKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Personal, Self::Institutional, Self::ThirdPartyAgent, Self::Login, Self::Partner, Self::Api];

    /// The name it is stored and listed under.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Institutional => "institutional",
            Self::ThirdPartyAgent => "third_party_agent",
            Self::Login => "login",
            Self::Partner => "partner",
            Self::Api => "api",
        }
    }

    /// Reads [`ApplicationKind::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Does it serve its owner's account alone? (B-06)
    pub const fn is_own_use(self) -> bool {
        matches!(self, Self::Personal | Self::Institutional)
    }

    /// Do staff register it, rather than its owner? (B-01a, B-04)
    pub const fn is_registered_by_staff(self) -> bool {
        matches!(self, Self::Login | Self::Partner | Self::Api)
    }

    /// Does it send browsers back to a redirect URI?
    pub const fn has_redirect_uris(self) -> bool {
        matches!(self, Self::ThirdPartyAgent | Self::Login)
    }

    /// May its registered redirect URI carry a query of its own? (B-07)
    pub const fn may_register_a_query(self) -> bool {
        matches!(self, Self::ThirdPartyAgent)
    }

    /// What it may ask for at most.
    pub const fn scopes(self) -> ScopeSet {
        match self {
            Self::Personal | Self::Institutional | Self::ThirdPartyAgent | Self::Partner => ScopeSet::INVESTOR,
            Self::Login => ScopeSet::LOGIN,
            Self::Api => ScopeSet::NONE,
        }
    }
}

/// A registered application.
#[expect(clippy::struct_excessive_bools, reason = "four switches that an owner or staff set apart from one another")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its client id.
    pub id: ClientId,
    /// The one space it is bound to.
    pub space: SpaceId,
    /// The account it belongs to.
    pub owner: AccountId,
    /// What it is for.
    pub kind: ApplicationKind,
    /// What its owner said of it.
    pub profile: Profile,
    /// What it may ask for.
    pub scopes: ScopeSet,
    /// Is it switched off?
    pub disabled: bool,
    /// Login only: must every authorization bring a PKCE challenge? (L-08)
    pub require_pkce: bool,
    /// Login only: does the redirect carry `iss`? (RFC 9207; off, as the document's redirect has none)
    pub send_issuer: bool,
    /// Has it a logo?
    pub has_logo: bool,
    /// Counts the events of T-11 that end what it was given.
    pub epoch: i64,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl Application {
    /// The registered URI that `given` stands for, if any (L-04).
    pub fn redirect_uri_for(&self, given: &str) -> Option<&RedirectUri> {
        self.profile.redirect_uris.iter().find(|uri| uri.matches(given))
    }

    /// The origins a browser may be sent back to, each once, in order.
    pub fn origins(&self) -> Vec<String> {
        let mut origins: Vec<String> = self.profile.redirect_uris.iter().map(|uri| uri.origin().to_owned()).collect();
        origins.sort();
        origins.dedup();
        origins
    }
}

/// What an owner says of an application, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Company name, or application name.
    pub name: String,
    /// Phone number.
    pub phone: Option<String>,
    /// For communication only.
    pub email: Option<String>,
    /// Company URL, or application URL.
    pub url: Option<String>,
    /// Where browsers are sent back to.
    pub redirect_uris: Vec<RedirectUri>,
}

impl Profile {
    /// What it says of the application, for the log; the redirect URIs stand in rows of their own.
    pub fn in_a_line(&self) -> String {
        let [phone, email, url] = [&self.phone, &self.email, &self.url].map(|text| text.as_deref().unwrap_or("-"));
        format!("{}, {phone}, {email}, {url}", self.name)
    }
}

/// What was typed into a registration form, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// Company name, or application name.
    pub name: String,
    /// Phone number.
    pub phone: String,
    /// Email address.
    pub email: String,
    /// Company URL, or application URL.
    pub url: String,
    /// Redirect URIs, one each.
    pub redirect_uris: Vec<String>,
}

impl Registration {
    /// Checks the fields that `kind` needs, and drops those it has no use for: a personal or institutional application
    /// needs a company name and a phone number alone (B-02), an agent every field (B-03), a login application a name, a
    /// URL and redirect URIs (B-04).
    ///
    /// # Errors
    /// Every field that is wrong, so that a person mends all of them at once.
    pub fn check(&self, kind: ApplicationKind) -> Result<Profile, FieldProblems> {
        let mut problems = FieldProblems::default();
        let agent = kind == ApplicationKind::ThirdPartyAgent;
        let name = problems.note("name", line(&self.name, 120));
        let phone = match kind {
            ApplicationKind::Personal | ApplicationKind::Institutional | ApplicationKind::ThirdPartyAgent => {
                problems.note("phone", phone(&self.phone))
            }
            _ => None,
        };
        let email = optional(&self.email, agent, |text| Email::parse(text).map(|email| email.as_str().to_owned()));
        let email = problems.note("email", email).flatten();
        let url = if kind.has_redirect_uris() {
            problems.note("url", optional(&self.url, true, homepage)).flatten()
        } else {
            None
        };
        let redirect_uris = if kind.has_redirect_uris() {
            problems.note("redirect_uris", redirect_uris(&self.redirect_uris, kind)).unwrap_or_default()
        } else {
            Vec::new()
        };
        match name {
            Some(name) if problems.0.is_empty() => Ok(Profile { name, phone, email, url, redirect_uris }),
            _ => Err(problems),
        }
    }
}

/// Checks a list of redirect URIs for an application of this kind.
///
/// # Errors
/// [`FieldProblem::Missing`], [`FieldProblem::TooManyRedirects`] or the first URI's [`FieldProblem::Redirect`].
pub fn redirect_uris(typed: &[String], kind: ApplicationKind) -> Result<Vec<RedirectUri>, FieldProblem> {
    let typed: Vec<&str> = typed.iter().map(|uri| uri.trim()).filter(|uri| !uri.is_empty()).collect();
    if typed.is_empty() {
        return Err(FieldProblem::Missing);
    }
    let most = most_redirect_uris(kind);
    if typed.len() > most {
        return Err(FieldProblem::TooManyRedirects(most));
    }
    let mut uris = Vec::with_capacity(typed.len());
    for text in typed {
        let uri = RedirectUri::register(text, kind.may_register_a_query()).map_err(FieldProblem::Redirect)?;
        if !uris.contains(&uri) {
            uris.push(uri);
        }
    }
    Ok(uris)
}

/// How many redirect URIs an application of this kind may register: an agent one (B-03), a login application more (B-04).
pub const fn most_redirect_uris(kind: ApplicationKind) -> usize {
    if matches!(kind, ApplicationKind::ThirdPartyAgent) { 1 } else { redirect_uri::MOST_URIS }
}

/// Reads a phone number: any 5 to 32 characters with at least five digits (B-02).
///
/// # Errors
/// [`FieldProblem::Missing`] or [`FieldProblem::Phone`].
pub fn phone(text: &str) -> Result<String, FieldProblem> {
    let text = line(text, 32).map_err(|problem| match problem {
        FieldProblem::Missing => FieldProblem::Missing,
        _ => FieldProblem::Phone,
    })?;
    if text.chars().filter(char::is_ascii_digit).count() >= 5 { Ok(text) } else { Err(FieldProblem::Phone) }
}

fn homepage(text: &str) -> Result<String, FieldProblem> {
    if redirect_uri::is_homepage(text) { Ok(text.trim().to_owned()) } else { Err(FieldProblem::Url) }
}

fn optional(
    text: &str,
    needed: bool,
    check: impl Fn(&str) -> Result<String, FieldProblem>,
) -> Result<Option<String>, FieldProblem> {
    if text.trim().is_empty() && !needed { Ok(None) } else { check_present(text, check).map(Some) }
}

fn check_present(text: &str, check: impl Fn(&str) -> Result<String, FieldProblem>) -> Result<String, FieldProblem> {
    if text.trim().is_empty() { Err(FieldProblem::Missing) } else { check(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_fields() -> Registration {
        Registration { name: "Ada Lovelace".into(), phone: "+44 20 7946".into(), ..Registration::default() }
    }

    #[test]
    fn own_use_applications_need_a_company_name_and_a_phone_number_alone_b_02() {
        for kind in [ApplicationKind::Personal, ApplicationKind::Institutional] {
            let profile = two_fields().check(kind).expect("two fields suffice");
            assert_eq!((profile.name.as_str(), profile.email, profile.url), ("Ada Lovelace", None, None));
            let wrong = Registration { phone: "1234".into(), ..two_fields() }.check(kind).expect_err("four digits");
            assert_eq!(wrong.of("phone"), Some(FieldProblem::Phone));
        }
    }

    #[test]
    fn an_agent_needs_every_field_b_03() {
        let problems = two_fields().check(ApplicationKind::ThirdPartyAgent).expect_err("three are missing");
        let fields: Vec<_> = problems.0.iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["email", "url", "redirect_uris"]);
        let whole = Registration {
            email: "ops@agent.example".into(),
            url: "https://agent.example".into(),
            redirect_uris: vec!["https://agent.example/cb?t=1".into()],
            ..two_fields()
        };
        assert!(whole.check(ApplicationKind::ThirdPartyAgent).is_ok());
    }

    #[test]
    fn a_login_application_has_one_to_twenty_redirect_uris_without_a_query_b_04_b_07() {
        let uris = |count: usize| -> Vec<String> { (0..count).map(|n| format!("https://app.example/{n}")).collect() };
        assert_eq!(redirect_uris(&uris(20), ApplicationKind::Login).map(|uris| uris.len()), Ok(20));
        assert_eq!(redirect_uris(&uris(21), ApplicationKind::Login), Err(FieldProblem::TooManyRedirects(20)));
        assert_eq!(redirect_uris(&[], ApplicationKind::Login), Err(FieldProblem::Missing));
        assert!(redirect_uris(&["https://app.example/?q".into()], ApplicationKind::Login).is_err());
    }

    #[test]
    fn every_kind_reads_back() {
        for kind in ApplicationKind::ALL {
            assert_eq!(ApplicationKind::parse(kind.name()), Some(kind));
        }
    }
}
