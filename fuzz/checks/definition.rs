//! What holds for every text that is taken as a definition.

use asl::{Code, Diagnostic, MachineType, Options};
use expr::json::{self, Value};

use crate::memory::peak_of;

/// What a validation may take: 16 MiB, and this for each byte of the text.
const BYTES_TAKEN: usize = 16 << 20;
const BYTES_TAKEN_EACH: usize = 8 << 10;

/// A definition is accepted or refused, and the same is said of it by everybody and every time.
pub fn check(text: &str) {
    let document = json::parse(text).ok();
    if let Some(document) = &document {
        assert_eq!(
            json::parse(&document.to_text()).as_ref(),
            Ok(document),
            "printed and read again"
        );
    }
    for machine_type in [MachineType::Standard, MachineType::Express] {
        check_type(text, document.as_ref(), Options { machine_type });
    }
}

fn check_type(text: &str, document: Option<&Value>, options: Options) {
    let (diagnostics, peak) = peak_of(|| asl::validate(text, &options));
    assert!(
        peak <= BYTES_TAKEN + BYTES_TAKEN_EACH * text.len(),
        "validating took {peak} bytes"
    );
    diagnostics
        .iter()
        .for_each(|diagnostic| check_place(text, document, diagnostic));
    let lines = lines(&diagnostics);
    let accepted = !diagnostics.iter().any(Diagnostic::is_error);
    let runs = accepted && !diagnostics.iter().any(|d| d.code == Code::NotSupportedYet);
    match asl::compile(text, &options) {
        Ok(machine) => {
            assert!(runs, "compiled although {lines:?}");
            check_compiled_again(&machine, text, &options);
        }
        Err(refused) => {
            assert!(
                !runs,
                "refused although validated: {:?}",
                self::lines(&refused)
            );
            assert!(
                refused.iter().any(Diagnostic::is_error),
                "refused without an error"
            );
            assert!(
                accepted || self::lines(&refused) == lines,
                "compile and validate say the same"
            );
        }
    }
    // White space and repeated keys are gone in what is printed; what it means is not.
    if let (true, Some(document)) = (accepted, document) {
        assert_eq!(
            self::lines(&asl::validate(&document.to_text(), &options)),
            lines
        );
    }
}

/// The same states in the same order, which is their address on disk.
fn check_compiled_again(machine: &asl::Machine, text: &str, options: &Options) {
    let again = asl::compile(text, options).expect("it compiled before");
    let names = |machine: &asl::Machine| -> Vec<_> {
        let states = machine.states().iter();
        states
            .map(|state| (state.name.clone(), state.kind.type_name()))
            .collect()
    };
    assert_eq!(names(&again), names(machine));
    for state in machine.states() {
        let found = machine.find(&state.name).map(|id| &machine.state(id).name);
        assert_eq!(found, Some(&state.name), "a state is found by its name");
    }
}

/// A diagnostic can be shown, and points to something in the text if the text is JSON.
fn check_place(text: &str, document: Option<&Value>, diagnostic: &Diagnostic) {
    assert_eq!(diagnostic.severity, diagnostic.code.severity());
    assert!(!diagnostic.message.is_empty());
    let place = json::locate(text, &diagnostic.path);
    if document.is_some() {
        let place = place.unwrap_or_else(|| panic!("no place for {diagnostic:?}"));
        assert!(
            text.get(place).is_some_and(|shown| !shown.is_empty()),
            "{diagnostic:?}"
        );
    }
}

fn lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(Diagnostic::to_string).collect()
}
