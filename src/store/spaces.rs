//! Spaces (tenants). Few and small, so the view holds the whole list.

use std::sync::Arc;

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use crate::domain::brand::Brand;
use crate::domain::ids::SpaceId;
use crate::domain::space::{Admission, Space};
use crate::fault::Fault;
use crate::values;

impl Store {
    /// Every space, the default one first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn spaces(&self) -> Result<Arc<Vec<Space>>, Fault> {
        let view = &self.inner.view;
        if view.is_trusted()
            && let Some(held) = view.spaces.load_full()
        {
            return Ok(held);
        }
        let began = view.generation();
        let found = Arc::new(self.read(All).await?);
        view.fill(began, || view.spaces.store(Some(Arc::clone(&found))));
        Ok(found)
    }

    /// The space with this number.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn space(&self, id: SpaceId) -> Result<Option<Space>, Fault> {
        let spaces = self.spaces().await?;
        // In the order of their numbers, as they were read.
        Ok(spaces.binary_search_by_key(&id, |space| space.id).ok().map(|at| spaces[at].clone()))
    }

    /// Changes a space; `false` when there is none, or another has this name.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn change_space(&self, change: ChangeSpace) -> Result<bool, Fault> {
        self.write(change).await
    }

    /// A space's logo, as PNG.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn space_logo(&self, id: SpaceId) -> Result<Option<Vec<u8>>, Fault> {
        self.read(ReadLogo(id)).await
    }

    /// Makes a space; `None` when its name is taken, without regard to ASCII case.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn add_space(
        &self,
        name: String,
        support_email: Option<String>,
        trail: Trail,
    ) -> Result<Option<SpaceId>, Fault> {
        self.write(AddSpace { name, support_email, trail }).await
    }
}

struct All;

impl Unit for All {
    type Out = Vec<Space>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select id, name, support_email, brand, case when logo is null then 0 else 1 end, sign_up from spaces order by id";
        let rows = tx.many(sql, &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(Space {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    support_email: row.get(2)?,
                    // A colour that is not one any more is no reason to answer nobody.
                    brand: row.get::<Option<String>>(3)?.and_then(|text| Brand::parse(&text).ok()),
                    has_logo: row.get(4)?,
                    // What a newer version may have written lets nobody in.
                    sign_up: Admission::parse(&row.get::<String>(5)?).unwrap_or(Admission::Closed),
                })
            })
            .collect()
    }
}

struct ReadLogo(SpaceId);

impl Unit for ReadLogo {
    type Out = Option<Vec<u8>>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let row = tx.one("select logo from spaces where id = ?1", values![self.0]).await?;
        row.map_or(Ok(None), |row| row.get(0))
    }
}

/// What a space is to be from now on.
pub struct ChangeSpace {
    /// Which.
    pub id: SpaceId,
    /// Its name.
    pub name: String,
    /// Where its people ask for help.
    pub support_email: Option<String>,
    /// Its colour.
    pub brand: Option<Brand>,
    /// A new logo, as PNG; `None` keeps what there is.
    pub logo: Option<Option<Vec<u8>>>,
    /// Who may open an account; `None` keeps what there is.
    pub sign_up: Option<Admission>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for ChangeSpace {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let sql = "select name, support_email, brand, case when logo is null then 0 else 1 end, sign_up from spaces where id = ?1";
        let Some(row) = tx.one(sql, values![self.id]).await? else { return Ok(false) };
        let told = |name: &str, email: Option<&str>, brand: Option<&str>, logo: bool, sign_up: &str| {
            let (email, brand, logo) = (email.unwrap_or("-"), brand.unwrap_or("-"), if logo { "a logo" } else { "-" });
            format!("{name}, {email}, {brand}, {logo}, {sign_up}")
        };
        let (name, email, brand): (String, Option<String>, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (had_logo, had_sign_up): (bool, String) = (row.get(3)?, row.get(4)?);
        let before = told(&name, email.as_deref(), brand.as_deref(), had_logo, &had_sign_up);
        let sign_up = self.sign_up.map_or(had_sign_up, |sign_up| sign_up.name().to_owned());
        let (folded, brand) = (self.name.to_ascii_lowercase(), self.brand.map(Brand::hex));
        let changed = tx
            .execute(
                "update spaces set name = ?2, folded_name = ?3, support_email = ?4, brand = ?5, sign_up = ?6
                 where id = ?1 and not exists (select 1 from spaces where folded_name = ?3 and id <> ?1)",
                values![self.id, &self.name, &folded, self.support_email.as_ref(), brand.as_ref(), &sign_up],
            )
            .await?;
        if changed == 0 {
            return Ok(false);
        }
        if let Some(logo) = &self.logo {
            tx.execute("update spaces set logo = ?2 where id = ?1", values![self.id, logo.as_ref()]).await?;
        }
        let logo_stays = self.logo.as_ref().map_or(had_logo, Option::is_some);
        let after = told(&self.name, self.support_email.as_deref(), brand.as_deref(), logo_stays, &sign_up);
        audit::note(tx, &self.trail, "space.change", &format!("space {}", self.id), &before, &after).await?;
        tx.changed(Change::Spaces);
        Ok(true)
    }
}

struct AddSpace {
    name: String,
    support_email: Option<String>,
    trail: Trail,
}

impl Unit for AddSpace {
    type Out = Option<SpaceId>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let folded = self.name.to_ascii_lowercase();
        let row = tx
            .one(
                "insert into spaces (id, name, folded_name, support_email, created_at, sign_up)
                 select coalesce(max(id), 0) + 1, ?1, ?2, ?3, ?4, case when max(id) is null then ?5 else ?6 end
                 from spaces where true
                 on conflict (folded_name) do nothing
                 returning id",
                values![
                    &self.name,
                    &folded,
                    self.support_email.as_ref(),
                    self.trail.at,
                    // The house that the documents tell of, and tenants whose people others choose.
                    Admission::Open.name(),
                    Admission::Closed.name(),
                ],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id: SpaceId = row.get(0)?;
        audit::note(tx, &self.trail, "space.add", &format!("space {id}"), "", &self.name).await?;
        tx.changed(Change::Spaces);
        Ok(Some(id))
    }
}
