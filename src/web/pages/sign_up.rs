//! `/sign-up`: a person opens an individual account, by themselves or by invitation. The answer is the same whether
//! the address was free or taken.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::super::answer::{Answer, Trouble};
use super::super::read::Parameters;
use super::super::visitor::Visit;
use super::onward::Onward;
use super::person::{field, refused, typed};
use super::views::{Field, Here, Hidden, ProblemKind, SignUp, SignUpOutcome, SignUpStep};
use super::{paths, space_choice};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::FieldProblems;
use crate::domain::ids::SpaceId;
use crate::domain::password;
use crate::domain::space::{Admission, Space};
use crate::fault::Fault;
use crate::flows::open_account::{Invitation, Opened, PersonForm, Way, look_at_invitation, open_account};
use crate::flows::refusal::Refusal;
use crate::store::installation::Purpose;

/// `GET /sign-up`
pub async fn show(visit: Visit) -> Answer {
    match Door::of(&visit, &visit.query).await {
        Ok(door) => door.page(&visit, 200, None),
        Err(answer) => answer,
    }
}

/// `POST /sign-up`
pub async fn submit(visit: Visit) -> Answer {
    if visit.form.repeats_any(&FIELDS) {
        return visit.problem(ProblemKind::BadRequest);
    }
    let now = visit.now();
    if let Some(later) = visit.web.limits.check(visit.address, now) {
        return visit.trouble(Trouble::Later(later));
    }
    let door = match Door::of(&visit, &visit.form).await {
        Ok(door) => door,
        Err(answer) => return answer,
    };
    if !visit.has_form_token(paths::SIGN_UP) {
        return door.page(&visit, 400, None);
    }
    // Each costs a hash, so each counts against the address, however it ends.
    visit.web.limits.failed(visit.address, now);
    let form = PersonForm {
        way: door.way(&visit),
        full_name: typed(&visit, "full_name"),
        email: typed(&visit, "email"),
        password: Zeroizing::new(typed(&visit, "password")),
        leads_to: door.onward().and_then(Onward::kept),
    };
    match open_account(form, visit.trail(), visit.p()).await {
        Ok(opened) => {
            let sandbox = visit.p().settings.purpose == Purpose::Sandbox;
            let mailbox_href = sandbox.then(|| paths::SANDBOX_MAIL.to_owned());
            let outcome = match opened {
                Opened::LookIntoMail(email) => {
                    SignUpOutcome::LookIntoMail { email, mailbox_href, to_app: door.onward().map(Onward::to_app) }
                }
                Opened::Ready => SignUpOutcome::Ready,
            };
            let chrome = Onward::framed(door.onward(), visit.chrome_in(door.house(&visit), Here::Elsewhere));
            visit.page(200, &SignUpStep { chrome, outcome })
        }
        Err(Stop::Refused(Refusal::Fields(problems))) => door.page(&visit, 400, Some(&problems)),
        Err(Stop::Refused(Refusal::DeadLink)) => dead(&visit),
        Err(stop) => refused(&visit, stop).await,
    }
}

/// By which way somebody stands before the form.
enum Door {
    Open { spaces: Arc<Vec<Space>>, first: Option<SpaceId>, onward: Option<Onward> },
    Invited { link: String, invitation: Box<Invitation> },
}

impl Door {
    /// Finds out; where nobody gets in, the answer says so.
    async fn of(visit: &Visit, sent: &Parameters) -> Result<Self, Answer> {
        if let Some(link) = sent.get("link") {
            return match look_at_invitation(link, visit.p()).await {
                Ok(invitation) => Ok(Self::Invited { link: link.to_owned(), invitation: Box::new(invitation) }),
                Err(Stop::Refused(Refusal::DeadLink)) => Err(dead(visit)),
                Err(stop) => Err(refused(visit, stop).await),
            };
        }
        let spaces = visit.p().store.spaces().await.map_err(|fault| visit.broke(&fault))?;
        let onward = Onward::read(sent.get("next"), visit.p()).await.map_err(|fault| visit.broke(&fault))?;
        // Whoever is on the way to an application opens the account that it looks for.
        let of_app = onward.as_ref().map(|onward| onward.space);
        let asked = of_app.or_else(|| visit.query.get("space").and_then(|id| id.parse().ok()).map(SpaceId));
        let open = |space: &&Space| space.sign_up == Admission::Open && of_app.is_none_or(|id| id == space.id);
        let first = spaces.iter().filter(open).find(|space| asked.is_none_or(|asked| asked == space.id));
        if spaces.iter().any(|space| open(&space)) {
            let first = first.map(|space| space.id);
            return Ok(Self::Open { spaces, first, onward });
        }
        let house = spaces.iter().find(|space| of_app == Some(space.id)).or_else(|| spaces.first());
        let Some(house) = house else { return Err(visit.broke(&Fault::internal("there is no space yet"))) };
        let by_invitation = match of_app {
            Some(_) => house.sign_up == Admission::Invitation,
            None => spaces.iter().any(|space| space.sign_up == Admission::Invitation),
        };
        let chrome = visit.chrome_in(Some(house), Here::Elsewhere);
        Err(visit.page(403, &SignUpStep { chrome, outcome: SignUpOutcome::Closed { by_invitation } }))
    }

    fn open_spaces(&self) -> Vec<&Space> {
        match self {
            Self::Open { spaces, onward, .. } => {
                let of_app = onward.as_ref().map(|onward| onward.space);
                let open = |space: &&Space| space.sign_up == Admission::Open && of_app.is_none_or(|id| id == space.id);
                spaces.iter().filter(open).collect()
            }
            Self::Invited { .. } => Vec::new(),
        }
    }

    /// The application that they are on the way to.
    fn onward(&self) -> Option<&Onward> {
        match self {
            Self::Open { onward, .. } => onward.as_ref(),
            Self::Invited { .. } => None,
        }
    }

    fn way(&self, visit: &Visit) -> Way {
        match self {
            Self::Open { .. } => Way::Open(space_choice::named(visit, &self.open_spaces())),
            Self::Invited { link, .. } => Way::Invited(link.clone()),
        }
    }

    /// The space whose page this is.
    fn house<'a>(&'a self, visit: &Visit) -> Option<&'a Space> {
        match self {
            Self::Open { spaces, first, .. } => {
                let chosen = visit.form.get("space").and_then(|_| space_choice::named(visit, &self.open_spaces()));
                let wanted = chosen.or(*first);
                spaces.iter().find(|space| Some(space.id) == wanted)
            }
            Self::Invited { invitation, .. } => Some(&invitation.space),
        }
    }

    fn page(&self, visit: &Visit, status: u16, problems: Option<&FieldProblems>) -> Answer {
        let back = |name| field(visit, name, name, problems);
        let error = problems.and_then(|all| all.of("space")).map(words::field_problem);
        let (hidden, first, invited) = match self {
            Self::Open { first, onward, .. } => (onward.iter().map(Onward::hidden).collect(), *first, None),
            Self::Invited { link, invitation } => {
                let hidden = vec![Hidden { name: "link", value: link.clone() }];
                (hidden, None, Some(invitation.email.as_str().to_owned()))
            }
        };
        let view = SignUp {
            chrome: Onward::framed(self.onward(), visit.chrome_in(self.house(visit), Here::Elsewhere)),
            form: visit.form(paths::SIGN_UP, hidden),
            invited,
            space: space_choice::field(visit, &self.open_spaces(), first, error),
            full_name: back("full_name"),
            email: back("email"),
            password: Field { value: String::new(), ..back("password") },
            password_min: password::FEWEST,
            to_app: self.onward().map(Onward::to_app),
            sign_in_href: self.onward().map_or_else(|| paths::SIGN_IN.to_owned(), Onward::sign_in_href),
        };
        visit.page(status, &view)
    }
}

fn dead(visit: &Visit) -> Answer {
    let chrome = visit.chrome(Here::Elsewhere);
    visit.page(404, &SignUpStep { chrome, outcome: SignUpOutcome::DeadInvitation })
}

const FIELDS: [&str; 7] = ["form_token", "link", "space", "full_name", "email", "password", "next"];
