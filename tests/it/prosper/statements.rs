//! Which statements ran: for a test in a process of its own ([`super::alone`]).

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Hears every statement that any store of this process runs.
#[derive(Clone, Default)]
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "prosper::store::statement" {
            event.record(&mut Sql(self));
        }
    }
}

struct Sql<'a>(&'a Statements);

impl Visit for Sql<'_> {
    fn record_str(&mut self, _: &Field, sql: &str) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).push(sql.to_owned());
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl Statements {
    /// Hears from now on, in a process that a test has for itself.
    pub fn of_this_process() -> Self {
        let statements = Self::default();
        let heard = tracing_subscriber::registry().with(statements.clone());
        tracing::subscriber::set_global_default(heard).expect("the first");
        statements
    }

    /// What ran since the last time, but for what looks for news a few times a second by itself.
    pub fn since(&self) -> Vec<String> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let by_itself = ["from change_head, installation", "update change_head", "from changes", "set high_water"];
        all.into_iter().filter(|sql| !by_itself.iter().any(|own| sql.contains(own))).collect()
    }
}
