//! The command line.

mod client;
mod demo;
mod run;
mod show;
mod store;
mod validate;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::Settings;

/// A durable workflow server that speaks the AWS Step Functions API.
#[derive(Parser)]
#[command(name = "stepwell", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the AWS API on one port, keeping everything in a folder
    Serve {
        #[command(flatten)]
        settings: Settings,
        /// A TOML file with the same settings
        #[arg(long, env = "STEPWELL_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// See it work: serve, create the order-processing example through the API, run orders through it, show a history
    Demo(demo::DemoArgs),
    /// Check definitions as AWS would, and show every problem with its line and column
    Validate(validate::ValidateArgs),
    /// Run a definition here and now, without a server: the output goes to standard output
    Run(run::RunArgs),
    /// Check, measure, compact, back up and restore the folder of a server
    Store(store::StoreArgs),
    /// Starts a function's process; used by the function host only
    #[command(name = "function-launcher", hide = true)]
    FunctionLauncher {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

/// Runs what the arguments say.
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::FunctionLauncher { args } => functions::launcher::main(args),
        Command::Serve { settings, config } => serve(settings, config),
        Command::Demo(args) => demo(args),
        Command::Validate(args) => validate::run(&args),
        Command::Run(args) => {
            log_to_stderr("error");
            run::run(&args)
        }
        Command::Store(args) => {
            log_to_stderr("error");
            store::run(&args)
        }
    }
}

fn serve(settings: Settings, file: Option<PathBuf>) -> ExitCode {
    log_to_stderr("info");
    let config = match settings.resolve(file.as_deref()) {
        Ok(config) => config,
        Err(error) => return fail(&error),
    };
    match crate::serve::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn demo(args: demo::DemoArgs) -> ExitCode {
    log_to_stderr("warn");
    match demo::run(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&*error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("stepwell: {error}");
    ExitCode::FAILURE
}

/// `STEPWELL_LOG` takes the filters of `tracing`: `debug`, `stepwell=debug,store=info`.
fn log_to_stderr(default: &str) {
    let filter =
        EnvFilter::try_from_env("STEPWELL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal() && !no_color)
        .with_writer(std::io::stderr)
        .try_init();
}
