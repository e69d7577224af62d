//! What an account lets an application do, and whether it still stands for what was shown (L-09, K-04).

use serde::{Deserialize, Serialize};

use super::application::Application;
use super::ids::{AccountId, ClientId, ConsentId};
use super::scope::ScopeSet;
use super::time::Timestamp;

/// A consent to Login with Prosper, or an investor's grant to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Fresh each time a consent is made anew, so that giving it again revives nothing.
    pub id: ConsentId,
    /// Who allows.
    pub account: AccountId,
    /// What is allowed to act.
    pub application: ClientId,
    /// To do what.
    pub scope: ScopeSet,
    /// What the page showed when it was given.
    pub terms: Terms,
    /// When.
    pub granted_at: Timestamp,
}

impl Consent {
    /// Does it still cover `application` as it is today, asking for `scope`? Asked again when the name, the owner or the
    /// scope changed, or the redirect list gained an origin (L-09).
    pub fn covers(&self, application: &Application, scope: ScopeSet) -> bool {
        scope.is_within(self.scope) && self.terms.cover(application)
    }
}

/// What of an application a person saw when they allowed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    name: String,
    owner: i64,
    origins: Vec<String>,
}

impl Terms {
    /// The terms that `application` shows today.
    pub fn of(application: &Application) -> Self {
        Self { name: application.profile.name.clone(), owner: application.owner.0, origins: application.origins() }
    }

    fn cover(&self, application: &Application) -> bool {
        self.name == application.profile.name
            && self.owner == application.owner.0
            && application.profile.redirect_uris.iter().all(|uri| self.origins.iter().any(|seen| seen == uri.origin()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::application::{ApplicationKind, Profile};
    use crate::domain::ids::SpaceId;
    use crate::domain::redirect_uri::RedirectUri;

    fn application(uris: &[&str]) -> Application {
        Application {
            id: ClientId::from_bytes([1; 16]),
            space: SpaceId(1),
            owner: AccountId(7),
            kind: ApplicationKind::Login,
            profile: Profile {
                name: "Acme HR".into(),
                redirect_uris: uris.iter().map(|uri| RedirectUri::from_stored(uri)).collect(),
                ..Profile::default()
            },
            scopes: ScopeSet::LOGIN,
            disabled: false,
            require_pkce: false,
            send_issuer: false,
            has_logo: false,
            epoch: 0,
            created_at: Timestamp::default(),
        }
    }

    #[test]
    fn consent_is_asked_again_when_what_was_shown_changes_l_09() {
        let app = application(&["https://a.example/cb", "https://b.example/cb"]);
        let consent = Consent {
            id: ConsentId::from_bytes([2; 16]),
            account: AccountId(9),
            application: app.id,
            scope: ScopeSet::LOGIN,
            terms: Terms::of(&app),
            granted_at: Timestamp::default(),
        };
        assert!(consent.covers(&app, ScopeSet::LOGIN));
        assert!(consent.covers(&application(&["https://a.example/other"]), ScopeSet::LOGIN), "fewer origins");
        assert!(!consent.covers(&application(&["https://c.example/cb"]), ScopeSet::LOGIN), "a new origin");
        assert!(!consent.covers(&app, ScopeSet::INVESTOR), "more scope");
        let mut renamed = app.clone();
        renamed.profile.name = "Acme Payroll".into();
        assert!(!consent.covers(&renamed, ScopeSet::LOGIN));
        assert!(!consent.covers(&Application { owner: AccountId(8), ..app }, ScopeSet::LOGIN));
    }
}
