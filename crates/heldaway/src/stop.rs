//! The order to stop: given once, by a signal or a test, and seen by everybody who holds a copy.

use std::sync::Arc;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// A copy of the order.
#[derive(Debug, Clone)]
pub struct Stop {
    given: watch::Receiver<bool>,
    giver: Arc<watch::Sender<bool>>,
}

impl Default for Stop {
    fn default() -> Self {
        let (giver, given) = watch::channel(false);
        Self { given, giver: Arc::new(giver) }
    }
}

impl Stop {
    /// An order that SIGTERM (service managers) or SIGINT (Ctrl-C) gives. A second one ends the process at once.
    pub fn on_signals() -> std::io::Result<Self> {
        let stop = Self::default();
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let giver = stop.clone();
        tokio::spawn(async move {
            let mut next = async || tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} };
            next().await;
            tracing::info!("stopping");
            giver.order();
            next().await;
            std::process::exit(1);
        });
        Ok(stop)
    }

    /// Gives the order.
    pub fn order(&self) {
        self.giver.send_replace(true);
    }

    /// Whether it was given.
    pub fn is_ordered(&self) -> bool {
        *self.given.borrow()
    }

    /// Returns when it is given.
    pub async fn ordered(&self) {
        let mut given = self.given.clone();
        // Its sender lives in `self`, so waiting can't fail.
        let _ = given.wait_for(|given| *given).await;
    }
}
