//! Units that are one statement, which a networked engine is sent without a transaction around it: they are refused where
//! others are, and are what they say they are.

use prosper::domain::application::ApplicationKind;
use prosper::fault::Fault;
use prosper::store::engine::{Tx, Unit};
use prosper::store::given::Kind;
use prosper::values;

use super::Maker;
use crate::prosper::login::CALLBACK;
use crate::prosper::{ON_POSTGRES, Prosper, is_set};

/// Marks the installation as leaving, as one that moves is.
struct Leave;

impl Unit for Leave {
    type Out = ();
    const ALWAYS: bool = true;

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        tx.execute("update installation set moved_to = 'leaving elsewhere' where one = 1", &[]).await.map(|_| ())
    }
}

#[tokio::test]
async fn an_installation_that_moves_uses_no_code_and_opens_no_family_and_one_that_stays_does() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let machine = ada.has_app(ApplicationKind::Partner, "Machine").await;
    let code = ada.signs_in().await.code_for(&app).await;
    machine.client_credentials().await.is(200);

    make.store.write(Leave).await.expect("written");
    for refused in [app.exchange(&code).await, machine.client_credentials().await] {
        assert_eq!((refused.status, refused.header("retry-after").is_some()), (503, true), "{}", refused.told());
    }
    assert_eq!(make.store.redemption_count().await.expect("read"), 0);
    assert_eq!(make.store.family_count().await.expect("read"), 1);

    assert!(make.store.stay(p.system()).await.expect("written"));
    app.exchange(&code).await.login_token();
    machine.client_credentials().await.is(200);
}

/// Says that it is one statement, and is one for each of these and then `last`.
struct Several {
    forms: &'static [u8],
    last: Option<&'static str>,
}

impl Unit for Several {
    type Out = ();

    fn is_one_statement(&self) -> bool {
        true
    }

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        for form in self.forms {
            let sql = "insert into used_forms (id, expires_at) select g.id, g.expires_at from given g returning id";
            let columns = &[("id", Kind::Bytes), ("expires_at", Kind::Int)];
            tx.many_given(sql, columns, &[values![&[*form; 16], 9_000_000_000_000_000_i64].to_vec()]).await?;
        }
        match self.last {
            Some(last) => tx.execute(last, &[]).await.map(|_| ()),
            None => Ok(()),
        }
    }
}

/// The embedded engine runs every unit in a transaction, and minds nothing of this.
#[tokio::test]
async fn what_says_it_is_one_statement_gets_no_second_without_a_transaction() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    make.store.write(Several { forms: &[1], last: None }).await.expect("written");
    for more in [
        Several { forms: &[2, 3], last: None },
        Several { forms: &[4], last: Some("delete from used_forms") },
        Several { forms: &[], last: Some("delete from used_forms") },
    ] {
        assert_eq!(make.store.write(more).await.is_err(), is_set(ON_POSTGRES));
    }
}
