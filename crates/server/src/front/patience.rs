//! How long an answer is waited for: until the client hangs up or the server stops. For operations that wait on purpose.

use tokio::sync::watch;

/// See the module's documentation. By default it is without end.
#[derive(Clone, Debug, Default)]
pub struct Patience {
    /// Its sender lives as long as the client waits.
    client: Option<watch::Receiver<()>>,
    /// Becomes true when the server stops.
    stop: Option<watch::Receiver<bool>>,
}

impl Patience {
    /// Of a client of a server: the sender is to be dropped when the client is gone.
    pub fn of(stop: watch::Receiver<bool>) -> (Patience, watch::Sender<()>) {
        let (waits, client) = watch::channel(());
        let patience = Patience {
            client: Some(client),
            stop: Some(stop),
        };
        (patience, waits)
    }

    /// Of somebody in this process: the sender is to be dropped when they do not wait any more.
    pub fn of_caller() -> (Patience, watch::Sender<()>) {
        let (waits, client) = watch::channel(());
        let patience = Patience {
            client: Some(client),
            stop: None,
        };
        (patience, waits)
    }

    /// Waits until the client is gone.
    pub async fn client_is_gone(&self) {
        match self.client.clone() {
            // Nothing is ever sent: it ends with its sender.
            Some(mut client) => while client.changed().await.is_ok() {},
            None => std::future::pending().await,
        }
    }

    /// Waits until nobody waits for the answer any more.
    pub async fn is_over(&self) {
        let stop = self.stop.clone();
        let stop = async {
            match stop {
                Some(mut stop) => drop(stop.wait_for(|stop| *stop).await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.client_is_gone() => {}
            () = stop => {}
        }
    }
}
