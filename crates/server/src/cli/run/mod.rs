//! `stepwell run`: executes a definition in this process, without a server and without leaving anything behind.
//!
//! Owns the command: what is run, with which input, what is printed where, the exit status. What happens in an execution
//! is the engine's business.

mod clock;
mod code;
mod driver;
mod input;
mod logs;
mod outcome;
mod pretty;
mod progress;
mod session;
mod shelf;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use asl::{Machine, Options};
use aws::arn::RoleArn;
use clap::{Args, ValueEnum};
use engine::Facts;
use expr::json::Document;

use self::clock::RunClock;
use self::driver::Plan;
use self::input::{InputArgs, InputError};
use self::progress::Progress;
use self::world::Source;
use super::show::complain;
use super::validate::report::text::{self, Paint};
use super::validate::{self, Filling};

/// The account and region of a run, in ARNs.
const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
/// It cannot be run.
const UNUSABLE: u8 = 2;
/// The longest name of a machine or execution, in characters.
const MAX_NAME: usize = 80;

/// What `run` takes.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXIT_STATUS)]
pub struct RunArgs {
    /// The definition, in JSON or YAML; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    input: InputArgs,
    /// Print the history instead of the output: as a table, or as GetExecutionHistory's JSON
    #[arg(long, value_enum, value_name = "FORMAT")]
    history: Option<HistoryFormat>,
    /// Let waits, backoffs and timeouts pass as they are, or skip them whenever no task is running: a workflow that waits a
    /// year then ends at once
    #[arg(long, value_enum, default_value_t = Time::Real)]
    time: Time,
    /// A folder with the code of the Lambda functions that are called: the function NAME is NAME.py, NAME.mjs, NAME.js,
    /// NAME.cjs or a folder NAME
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "lambda_endpoint",
        long_help = FUNCTIONS
    )]
    functions: Option<PathBuf>,
    /// Call Lambda functions there, e.g. http://127.0.0.1:9001
    #[arg(long, value_name = "URL")]
    lambda_endpoint: Option<String>,
    /// The execution's name [default: a UUID]
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
    /// The role that $$.Execution.RoleArn shows
    #[arg(
        long,
        value_name = "ARN",
        value_parser = role,
        default_value = "arn:aws:iam::123456789012:role/stepwell-run"
    )]
    role_arn: String,
    #[command(flatten)]
    filling: Filling,
    /// Say nothing on standard error, unless the definition cannot be run
    #[arg(long, short)]
    quiet: bool,
}

const FUNCTIONS: &str = "\
A folder with the code of the Lambda functions that are called. The function NAME is one file (NAME.py, NAME.mjs, NAME.js, \
NAME.cjs) or a folder NAME. In a folder, the entry is the executable `bootstrap`, or the first of lambda_function, handler, \
index, app and main with the ending .py, .mjs, .js or .cjs, or the only script. The handler within the file is `handler`; \
in Python `lambda_handler` if there is no `handler`, in JavaScript `lambdaHandler` or `lambda_handler` if that is what it \
exports. Versions, aliases, accounts and regions of function ARNs make no difference. Functions run with the python3 and \
node of this machine.";

const EXIT_STATUS: &str = "\
Exit status: 0 if the execution SUCCEEDED, 1 if it FAILED, 3 if it TIMED_OUT, 4 if it was ABORTED (Ctrl-C), 2 if the \
definition, the input or the usage is wrong.";

/// How a history is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryFormat {
    /// A line for each event
    Table,
    /// {"events": [...]} as GetExecutionHistory answers
    Json,
}

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Time {
    /// As on the clock
    Real,
    /// Skipped where nothing else is waited for
    Skip,
}

/// Why a definition cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Standard input cannot be read twice.
    #[error("the definition and the input cannot both come from standard input")]
    OneStdin,
    /// The definition has errors, which were shown.
    #[error("the definition cannot be run")]
    Definition,
    /// Not a folder.
    #[error("--functions: {path} is not a folder", path = .0.display())]
    NoFolder(PathBuf),
    /// Not a URL that can be called.
    #[error("the Lambda endpoint '{0}' cannot be used: {1}")]
    LambdaEndpoint(String, integrations::EndpointError),
    /// The function host cannot work.
    #[error("cannot start the function host: {0}")]
    Functions(#[from] functions::Error),
    /// No threads, no temporary folder.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
}

/// Runs a definition to its end.
pub fn run(args: &RunArgs) -> ExitCode {
    match prepare_and_run(args) {
        Ok(code) => code,
        Err(RunError::Definition) => ExitCode::from(UNUSABLE),
        Err(error) => {
            complain(format_args!("stepwell: {error}\n"));
            ExitCode::from(UNUSABLE)
        }
    }
}

fn prepare_and_run(args: &RunArgs) -> Result<ExitCode, RunError> {
    if validate::file::is_stdin(&args.file) && args.input.is_stdin() {
        return Err(RunError::OneStdin);
    }
    let source = source(args)?;
    let machine = machine(args)?;
    let input = args.input.read()?;
    let clock = RunClock::default();
    let role: Option<RoleArn> = args.role_arn.parse().ok();
    let account = role.map_or(ACCOUNT.to_owned(), |role| role.account);
    let facts = facts(args, &account, clock, input);
    let progress = Progress::new(!args.quiet, facts.started);
    let plan = Plan {
        machine,
        facts,
        skip: args.time == Time::Skip,
        clock,
    };
    let done = session::run(plan, &source, (&account, REGION), progress)?;
    outcome::print(&done.ended, args.history);
    if !args.quiet {
        outcome::tell(&done);
    }
    Ok(outcome::exit_code(&done.ended.outcome))
}

fn source(args: &RunArgs) -> Result<Source, RunError> {
    match (&args.functions, &args.lambda_endpoint) {
        (Some(folder), _) if folder.is_dir() => Ok(Source::Folder(folder.clone())),
        (Some(folder), _) => Err(RunError::NoFolder(folder.clone())),
        (None, Some(url)) => Ok(Source::Endpoint(url.clone())),
        (None, None) => Ok(Source::Nowhere),
    }
}

/// The definition, compiled; its errors are shown as `validate` shows them.
fn machine(args: &RunArgs) -> Result<Machine, RunError> {
    let options = Options::default();
    let checked = validate::check(&args.file, &options, &args.filling.substitutions(), false);
    if let Some(machine) = checked
        .verdict
        .json
        .as_deref()
        .and_then(|json| asl::compile(json, &options).ok())
    {
        return Ok(machine);
    }
    if checked.readable {
        let paint = Paint::new(validate::has_colours(&std::io::stderr()));
        complain(text::findings(&checked, paint));
        complain(text::summary(std::slice::from_ref(&checked), paint));
    }
    Err(RunError::Definition)
}

fn facts(args: &RunArgs, account: &str, clock: RunClock, input: Document) -> Facts {
    let machine = machine_name(&args.file);
    let name = args
        .name
        .clone()
        .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let prefix = format!("arn:aws:states:{REGION}:{account}");
    Facts {
        arn: format!("{prefix}:execution:{machine}:{name}").into(),
        machine_arn: format!("{prefix}:stateMachine:{machine}").into(),
        name: name.into(),
        machine_name: machine.into(),
        role_arn: args.role_arn.as_str().into(),
        region: REGION.into(),
        started: clock.now(),
        input,
        test_case: None,
    }
}

/// The file's name without its endings: `order` for `order.asl.json`.
fn machine_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let kept = stem.chars().map(|c| if is_word(c) { c } else { '-' });
    let kept: String = kept.take(MAX_NAME).collect();
    match kept.trim_matches('-') {
        "" => "definition".to_owned(),
        _ => kept,
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// An execution's name, in the characters that AWS recommends.
fn name(text: &str) -> Result<String, String> {
    let short = (1..=MAX_NAME).contains(&text.chars().count());
    match short && text.chars().all(is_word) {
        true => Ok(text.to_owned()),
        false => Err(format!("1 to {MAX_NAME} letters, digits, - and _")),
    }
}

fn role(text: &str) -> Result<String, String> {
    match text.parse::<RoleArn>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("it should look like arn:aws:iam::123456789012:role/NAME".to_owned()),
    }
}
