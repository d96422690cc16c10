//! The language runtimes: which a name stands for, where its interpreter and interface client are, and the command that serves a function.

mod installation;
mod node;
mod python;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::Error;
use crate::config::{HostConfig, PythonClient};
use crate::spec::FunctionSpec;

/// A Lambda runtime that this host can serve, by Lambda's name for it: `python3.12`, `nodejs22.x`, `provided.al2023`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Runtime {
    identifier: String,
    family: RuntimeFamily,
}

/// What serves a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuntimeFamily {
    /// `python3.*`: the machine's `python3.N`, or its `python3`.
    Python,
    /// `nodejs*`: the machine's `node`.
    Node,
    /// `provided`, `provided.*`: the executable `bootstrap` in the function's folder.
    Provided,
}

impl Runtime {
    /// Lambda's name.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// What serves it.
    pub fn family(&self) -> RuntimeFamily {
        self.family
    }
}

impl FromStr for Runtime {
    type Err = Error;

    /// # Errors
    /// [`Error::RuntimeUnavailable`] for Lambda's runtimes that this host does not serve, [`Error::UnknownRuntime`] for anything else.
    fn from_str(identifier: &str) -> Result<Runtime, Error> {
        let numbered = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        let is = |family: &str| identifier.strip_prefix(family).is_some_and(numbered);
        let family = match identifier {
            "nodejs" | "nodejs4.3-edge" => RuntimeFamily::Node,
            "provided" => RuntimeFamily::Provided,
            _ if is("python3.") => RuntimeFamily::Python,
            _ if is("nodejs") => RuntimeFamily::Node,
            _ if identifier.starts_with("provided.al") => RuntimeFamily::Provided,
            _ if is("java")
                || is("dotnet")
                || is("dotnetcore")
                || is("ruby")
                || is("go")
                || is("python2.") =>
            {
                return Err(Error::RuntimeUnavailable(format!(
                    "The runtime {identifier} is not available on this function host; it serves python3.x, nodejs*, and \
                     executables (provided, provided.al2, provided.al2023)."
                )));
            }
            _ => return Err(Error::UnknownRuntime(identifier.to_owned())),
        };
        Ok(Runtime {
            identifier: identifier.to_owned(),
            family,
        })
    }
}

/// What a runtime needs on this machine, found (and where necessary installed) once.
#[derive(Clone, Debug)]
pub(crate) struct Interpreter {
    /// The language's executable; none for `provided`.
    pub(crate) program: Option<PathBuf>,
    /// What goes before the handler.
    args: Vec<String>,
    /// The folder of the interface client, `LAMBDA_RUNTIME_DIR`.
    client: Option<PathBuf>,
}

/// The command that serves one function.
pub(crate) struct Serving {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

/// The runtimes of this machine.
pub(crate) struct Runtimes {
    folder: PathBuf,
    python_client: PythonClient,
    found: Mutex<HashMap<Runtime, Arc<OnceCell<Interpreter>>>>,
}

impl Runtimes {
    pub(crate) fn new(config: &HostConfig) -> Runtimes {
        Runtimes {
            folder: config.runtimes_dir.clone(),
            python_client: config.python_client,
            found: Mutex::new(HashMap::new()),
        }
    }

    /// Finds what `runtime` needs; the first call for a runtime may take seconds (an installation), later ones nothing.
    pub(crate) async fn find(&self, runtime: &Runtime) -> Result<Interpreter, Error> {
        let cell = {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(found.entry(runtime.clone()).or_default())
        };
        let search = || async {
            match runtime.family {
                RuntimeFamily::Python => {
                    python::find(&self.folder, self.python_client, runtime.identifier()).await
                }
                RuntimeFamily::Node => node::find(&self.folder).await,
                RuntimeFamily::Provided => Ok(Interpreter {
                    program: None,
                    args: Vec::new(),
                    client: None,
                }),
            }
        };
        cell.get_or_try_init(search).await.cloned()
    }
}

impl Interpreter {
    /// The command for `spec`, and what this runtime adds to its environment.
    pub(crate) fn serve(&self, spec: &FunctionSpec, pycache: &Path) -> Serving {
        let (program, mut args) = match &self.program {
            Some(program) => (program.clone(), self.args.clone()),
            None => (spec.code.join("bootstrap"), Vec::new()),
        };
        let mut environment = Vec::new();
        match spec.runtime.family {
            RuntimeFamily::Python => environment = self.python_environment(spec, pycache),
            RuntimeFamily::Node => args.insert(0, node::heap_limit(spec.memory_mb)),
            RuntimeFamily::Provided => {}
        }
        if spec.runtime.family == RuntimeFamily::Node {
            let own = spec.environment.get("NODE_PATH").cloned();
            let code = spec.code.display().to_string();
            let path = own.map_or(code.clone(), |own| format!("{own}:{code}"));
            environment.push(("NODE_PATH".to_owned(), path));
        }
        if let Some(client) = &self.client {
            environment.push((
                "LAMBDA_RUNTIME_DIR".to_owned(),
                client.display().to_string(),
            ));
        }
        args.push(spec.handler.clone());
        Serving {
            program: program.display().to_string(),
            args,
            environment,
        }
    }

    fn python_environment(&self, spec: &FunctionSpec, pycache: &Path) -> Vec<(String, String)> {
        let own = spec.environment.get("PYTHONPATH").cloned();
        let client = self.client.as_ref().map(|path| path.display().to_string());
        let path: Vec<String> = own.into_iter().chain(client).collect();
        let mut environment = vec![(
            "PYTHONPYCACHEPREFIX".to_owned(),
            pycache.display().to_string(),
        )];
        if !path.is_empty() {
            environment.push(("PYTHONPATH".to_owned(), path.join(":")));
        }
        environment
    }
}
