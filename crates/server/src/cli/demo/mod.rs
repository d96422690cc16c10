//! `stepwell demo`: starts a server in this process and then, as any client would, does the whole of the example
//! `examples/order-processing` through its public API.
//!
//! Owns the order of the steps and what is shown of them. Must never reach into the server: no back doors.

mod by_hand;
mod error;
mod example;
mod functions;
mod orders;
mod outcome;
mod preflight;
mod progress;
mod setup;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;

use aws::sigv4::Credentials;
use clap::Args;
use console::style;

use self::error::DemoError;
use self::screen::{Mark, Screen};
use super::client::Client;
use super::show::{doing, history, history_table, screen};
use crate::config::{Config, Settings};
use crate::serve::{ServeError, Server};

/// What `demo` takes.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// End when the orders have; the exit status says whether every order ended as expected
    #[arg(long)]
    once: bool,
    /// Address and port to serve on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8083")]
    listen: SocketAddr,
    /// Folder of the demo's store and functions; one of an earlier demo will do
    #[arg(long, value_name = "DIR", default_value = ".stepwell/demo")]
    data_dir: PathBuf,
}

/// Runs the demo; whether every order ended as expected.
pub fn run(args: DemoArgs) -> Result<bool, Box<dyn std::error::Error>> {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(DemoError::Threads)?;
    Ok(tokio.block_on(demo(args))?)
}

async fn demo(args: DemoArgs) -> Result<bool, DemoError> {
    let screen = Screen::stdout();
    screen.line(style("Stepwell demo: orders, from a role to a history").bold());
    preflight::check(&screen).await?;
    let config = config(&args)?;
    let server = Server::start(config).await.map_err(DemoError::start)?;
    let outcome = attended(&screen, &server, &args).await;
    // The log has what went wrong; the demo's outcome stands.
    let _ = server.stop().await;
    outcome
}

fn config(args: &DemoArgs) -> Result<Config, DemoError> {
    if !args.listen.ip().is_loopback() {
        return Err(DemoError::NotLoopback(args.listen.port()));
    }
    let settings = Settings {
        listen: Some(args.listen),
        data_dir: Some(args.data_dir.clone()),
        region: Some(example::REGION.to_owned()),
        ..Settings::default()
    };
    Ok(settings.resolve(None)?)
}

/// The walk, and serving after it, until somebody or the disk ends it.
async fn attended(screen: &Screen, server: &Server, args: &DemoArgs) -> Result<bool, DemoError> {
    let data_dir = args.data_dir.display().to_string();
    let good = tokio::select! {
        walked = walk(screen, server.address(), &data_dir) => walked?,
        _ = crate::serve::signal() => return Err(DemoError::Interrupted(serve_command(server.address(), args))),
        () = server.failed() => return Err(ServeError::Failed.into()),
    };
    if args.once {
        screen.line(format_args!(
            "\nTo serve what is there again: {}",
            style(serve_command(server.address(), args)).bold()
        ));
        return Ok(good);
    }
    let endpoint = style(format!("http://{}", server.address())).bold();
    screen.line(format_args!(
        "\nServing on {endpoint} until Ctrl-C; everything is kept in {data_dir}"
    ));
    tokio::select! {
        _ = crate::serve::signal() => Ok(good),
        () = server.failed() => Err(ServeError::Failed.into()),
    }
}

/// Everything that the demo shows; whether every order ended as expected.
async fn walk(screen: &Screen, address: SocketAddr, data_dir: &str) -> Result<bool, DemoError> {
    let client = Client::new(address, example::REGION, credentials());
    screen.heading("Server");
    screen.item(Mark::Good, "serving", client.endpoint());
    screen.item(Mark::Good, "data in", data_dir);
    let setup = setup::all(screen, &client, data_dir).await?;
    let processed = orders::run_all(screen, &client, &setup.machine_arn).await?;
    let good = outcome::print(screen, &processed);
    if let Some(telling) = processed.last() {
        screen.heading(&format!(
            "History of {}, {}",
            orders::order_id(telling.order),
            telling.order.about
        ));
        history_table::print(screen, &telling.events);
        by_hand::print(screen, &client.endpoint(), &setup, &telling.execution_arn);
    }
    Ok(good)
}

/// On loopback the server takes any; clients still have to sign.
fn credentials() -> Credentials {
    Credentials {
        access_key: "test".to_owned(),
        secret_key: "test".to_owned(),
        session_token: None,
    }
}

/// With which to go on where the demo was interrupted or has ended.
fn serve_command(address: SocketAddr, args: &DemoArgs) -> String {
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "stepwell".to_owned());
    format!(
        "{program} serve --listen {address} --data-dir {}",
        args.data_dir.display()
    )
}
