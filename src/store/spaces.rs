//! Spaces (tenants). Few and small, so the view holds the whole list.

use std::sync::Arc;

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use crate::domain::ids::SpaceId;
use crate::domain::space::Space;
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
        Ok(self.spaces().await?.iter().find(|space| space.id == id).cloned())
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
        let rows = tx.many("select id, name, support_email from spaces order by id", &[]).await?;
        rows.iter().map(|row| Ok(Space { id: row.get(0)?, name: row.get(1)?, support_email: row.get(2)? })).collect()
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
                "insert into spaces (id, name, folded_name, support_email, created_at)
                 select coalesce(max(id), 0) + 1, ?1, ?2, ?3, ?4 from spaces where true
                 on conflict (folded_name) do nothing
                 returning id",
                values![&self.name, &folded, self.support_email.as_ref(), self.trail.at],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id: SpaceId = row.get(0)?;
        audit::note(tx, &self.trail, "space.add", &format!("space {id}"), "", &self.name).await?;
        tx.changed(Change::Spaces);
        Ok(Some(id))
    }
}
