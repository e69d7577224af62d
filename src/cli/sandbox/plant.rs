//! Puts the cast on the stage: makes who and what is missing, and answers who and what there is.
//!
//! 1. The second space.
//! 2. The accounts, their passwords hashed side by side.
//! 3. What accounts of their kind went through: the agent role granted, a new password demanded.
//! 4. The applications, each with a client id and a secret that come out of the seed.
//! 5. One investor's grant to the agent, so that an authorization key can be shown.
//!
//! Writes go together where they can: a sandbox is to be ready within a second.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::try_join_all;

use super::super::failure::{Failure, Outcome};
use super::cast::{AGENT, CLIENT_OF_AGENT, PEOPLE, PIECES, Piece, Role, SPACES};
use super::seed::Seed;
use crate::crypto::secret::{Kind, Plain, client_secret};
use crate::crypto::ticket;
use crate::domain::account::{Account, AccountKind, InvestorType};
use crate::domain::agent::{AgentMove, AgentRole};
use crate::domain::application::{Application, ApplicationKind, Profile};
use crate::domain::consent::{Consent, Terms};
use crate::domain::email::Email;
use crate::domain::ids::{AccountId, AccountUid, AuthKeyId, ClientId, ConsentId, SecretId, SpaceId};
use crate::domain::password;
use crate::domain::redirect_uri::RedirectUri;
use crate::domain::secret::PasswordHash;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::agents::DecideRole;
use crate::store::applications::RegisterApplication;
use crate::store::audit::Trail;
use crate::store::consents::Allow;
use crate::store::new_accounts::NewAccount;

/// The sandbox, planted.
pub struct Stage {
    /// Everybody of the cast as they stand now, each with their password.
    pub people: Vec<(Account, String)>,
    /// Every application of the cast as it stands now, each with its secret.
    pub applications: Vec<(Application, String)>,
    /// The authorization key of the one grant.
    pub auth_key: Plain,
}

/// Plants the cast, or finds it.
///
/// # Errors
/// The store cannot be used.
pub async fn plant(p: &Prosper, seed: &Seed) -> Outcome<Stage> {
    let spaces = spaces(p).await?;
    let mut found = people(p).await?;
    let is_new = found.is_empty();
    let missing: Vec<&Role> = PEOPLE.iter().filter(|role| !found.contains_key(role.email)).collect();
    if !missing.is_empty() {
        make_people(&missing, &spaces, p, seed).await?;
        found = people(p).await?;
        grow(&missing, &found, p).await?;
    }
    make_applications(&found, p, seed).await?;
    let auth_key = grant(is_new, &found, p, seed).await?;
    // What the cast went through is read again: a restart shows it as it stands.
    let mut found = people(p).await?;
    let people = PEOPLE.iter().filter_map(|role| Some((found.remove(role.email)?, seed.password(role.password()))));
    let people = people.collect();
    let mut applications = Vec::new();
    for piece in pieces() {
        if let Some(client) = p.store.client(client_id(&piece, seed)).await? {
            applications.push((client.application.clone(), secret(&piece, seed).expose().to_owned()));
        }
    }
    Ok(Stage { people, applications, auth_key })
}

async fn spaces(p: &Prosper) -> Outcome<Vec<SpaceId>> {
    for name in SPACES.iter().skip(1) {
        if !p.store.spaces().await?.iter().any(|space| space.name == *name) {
            p.store.add_space((*name).to_owned(), None, trail(p)).await?;
        }
    }
    let all = p.store.spaces().await?;
    let id = |name: &&str| all.iter().find(|space| space.name == **name).map(|space| space.id);
    SPACES.iter().map(|name| id(name).ok_or_else(|| Failure::failed(format!("the space {name} is gone")))).collect()
}

/// Everybody there is, by email.
async fn people(p: &Prosper) -> Outcome<HashMap<String, Account>> {
    let (mut all, mut after) = (HashMap::new(), AccountId(0));
    loop {
        let page = p.store.accounts(None, after, 500).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.id;
        all.extend(page.into_iter().map(|account| (account.email.as_str().to_owned(), account)));
    }
}

async fn make_people(missing: &[&Role], spaces: &[SpaceId], p: &Prosper, seed: &Seed) -> Outcome {
    let numbers: BTreeSet<usize> = missing.iter().map(|role| role.password()).collect();
    let hashes = try_join_all(numbers.into_iter().map(async |number| {
        let typed = password::fold(&seed.password(number)).expect("a drawn password is short and not empty");
        let hash = p.passwords.hash(typed).await;
        hash.map(|hash| (number, hash)).map_err(|_| Failure::failed("the passwords of the cast cannot be hashed"))
    }));
    let hashes: HashMap<usize, PasswordHash> = hashes.await?.into_iter().collect();
    let accounts = missing.iter().map(|role| NewAccount {
        uid: AccountUid::from_random(seed.draw(&format!("uid {}", role.email)).bytes()),
        space: spaces[role.space],
        email: Email::parse(role.email).expect("the cast has legal emails"),
        name: role.name.to_owned(),
        kind: if role.institution.is_some() { AccountKind::Institutional } else { AccountKind::Individual },
        investor_type: investor_type(role),
        password: hashes[&role.password()].clone(),
        status: role.status,
        staff: role.staff,
        institution: role.institution.map(str::to_owned),
        phone: None,
        trail: trail(p),
    });
    try_join_all(accounts.map(|account| p.store.create_account(account))).await?;
    Ok(())
}

/// A third-party agent asks for the role by being one.
fn investor_type(role: &Role) -> InvestorType {
    match (role.institution, role.agent) {
        (None, _) => InvestorType::Individual,
        (Some(_), AgentRole::None) => InvestorType::Corporation,
        (Some(_), _) => InvestorType::ThirdPartyAgent,
    }
}

/// What those of the cast went through since they were made.
async fn grow(missing: &[&Role], found: &HashMap<String, Account>, p: &Prosper) -> Outcome {
    let id = |role: &Role| found.get(role.email).map(|account| account.id);
    let approvals = missing.iter().filter(|role| role.agent == AgentRole::Approved).filter_map(|role| id(role));
    let approvals = approvals.map(|account| {
        let (reason, along, mail) = (String::new(), Vec::new(), None);
        p.store.decide_agent_role(DecideRole {
            account,
            step: AgentMove::Approve,
            reason,
            along,
            mail,
            trail: trail(p),
        })
    });
    let resets = missing.iter().filter(|role| role.reset).filter_map(|role| id(role));
    let resets = resets.map(|account| p.store.require_reset(account, true, trail(p)));
    tokio::try_join!(try_join_all(approvals), try_join_all(resets))?;
    Ok(())
}

/// Every application of the cast, the personal ones first.
fn pieces() -> impl Iterator<Item = Piece> {
    let personal = PEOPLE.iter().filter(|role| role.personal_app).map(|role| Piece {
        kind: ApplicationKind::Personal,
        name: role.name,
        owner: *role,
        redirect_uris: &[],
    });
    personal.chain(PIECES)
}

fn client_id(piece: &Piece, seed: &Seed) -> ClientId {
    ClientId::from_bytes(seed.draw(&format!("client {} {}", piece.kind.name(), piece.name)).bytes())
}

fn secret(piece: &Piece, seed: &Seed) -> Plain {
    client_secret(&seed.draw(&format!("secret {} {}", piece.kind.name(), piece.name)))
}

async fn make_applications(found: &HashMap<String, Account>, p: &Prosper, seed: &Seed) -> Outcome {
    let mut units = Vec::new();
    for piece in pieces() {
        let (id, Some(owner)) = (client_id(&piece, seed), found.get(piece.owner.email)) else { continue };
        if p.store.client(id).await?.is_some() {
            continue;
        }
        units.push(RegisterApplication {
            application: Application {
                id,
                space: owner.space,
                owner: owner.id,
                kind: piece.kind,
                profile: profile(&piece),
                scopes: piece.kind.scopes(),
                disabled: false,
                require_pkce: false,
                send_issuer: false,
                has_logo: false,
                epoch: 0,
                created_at: p.now(),
            },
            logo: None,
            secret: SecretId::from_bytes(seed.draw(&format!("secret id {}", id.hex())).bytes()),
            hash: p.keys.hash(Kind::ClientSecret, secret(&piece, seed).expose().as_bytes()),
            most: None,
            trail: trail(p),
        });
    }
    // One that its owner deleted is not given its client id again, and stays away.
    try_join_all(units.into_iter().map(|unit| p.store.register_application(unit))).await?;
    Ok(())
}

fn profile(piece: &Piece) -> Profile {
    let has_phone = matches!(
        piece.kind,
        ApplicationKind::Personal | ApplicationKind::Institutional | ApplicationKind::ThirdPartyAgent
    );
    let site = piece.kind.has_redirect_uris();
    let host = piece.owner.email.rsplit_once('@').map_or("example.com", |(_, host)| host);
    Profile {
        name: piece.name.to_owned(),
        phone: has_phone.then(|| "+61 2 5550 1234".to_owned()),
        email: site.then(|| format!("hello@{host}")),
        url: site.then(|| format!("https://{host}")),
        redirect_uris: piece.redirect_uris.iter().map(|uri| RedirectUri::from_stored(uri)).collect(),
    }
}

/// The one grant, given once: an investor who withdrew it is not made to give it again.
async fn grant(is_new: bool, found: &HashMap<String, Account>, p: &Prosper, seed: &Seed) -> Outcome<Plain> {
    let id = AuthKeyId::from_bytes(seed.draw("auth key id").bytes());
    let (key, hash) = ticket::issue(Kind::AuthKey, *id.bytes(), &p.keys, &seed.draw("auth key"));
    let agent = pieces().find(|piece| piece.owner.email == AGENT.email).map(|piece| client_id(&piece, seed));
    let (Some(account), Some(agent)) = (found.get(CLIENT_OF_AGENT.email), agent) else { return Ok(key) };
    let Some(client) = p.store.client(agent).await?.filter(|_| is_new) else { return Ok(key) };
    let consent = Consent {
        id: ConsentId::from_bytes(seed.draw("consent").bytes()),
        account: account.id,
        application: agent,
        scope: client.application.scopes,
        terms: Terms::of(&client.application),
        granted_at: p.now(),
    };
    let (account_epoch, application_epoch) = (account.epoch, client.application.epoch);
    let unit = Allow {
        consent,
        key: Some((id, hash)),
        account_epoch,
        application_epoch,
        mail: None,
        form: None,
        trail: trail(p),
    };
    let allowed = p.store.allow(unit).await?;
    allowed.map(|_| key).ok_or_else(|| Fault::internal("the grant of the cast was not given").into())
}

fn trail(p: &Prosper) -> Trail {
    Trail::system(p.now())
}
