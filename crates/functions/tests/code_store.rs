//! The store of deployment packages: what it takes, what it refuses, and that it leaves nothing half done.

#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use functions::{CodeStore, Error};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

enum Entry<'a> {
    File(&'a str, &'a str, u32),
    Link(&'a str, &'a str),
}

fn package(entries: &[Entry]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        match entry {
            Entry::File(name, text, mode) => {
                let options = SimpleFileOptions::default().unix_permissions(*mode);
                writer.start_file(*name, options).unwrap();
                writer.write_all(text.as_bytes()).unwrap();
            }
            Entry::Link(name, target) => {
                let options = SimpleFileOptions::default();
                writer.add_symlink(*name, *target, options).unwrap();
            }
        }
    }
    writer.finish().unwrap().into_inner()
}

/// A store in a folder within a folder that must stay empty otherwise.
fn store(outer: &Path) -> CodeStore {
    CodeStore::open(outer.join("store")).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_package_is_unpacked_under_its_digest() {
    let outer = tempfile::tempdir().unwrap();
    let store = store(outer.path());
    let bytes = package(&[
        Entry::File("handler.py", "x = 1\n", 0o600),
        Entry::File("bin/tool", "#!/bin/sh\n", 0o755),
        Entry::Link("tool", "bin/tool"),
    ]);
    let code = store.put(&bytes).unwrap();
    assert_eq!(code.size, bytes.len() as u64);
    assert_eq!(code.path, store.path_of(&code.sha256));
    assert_eq!(names(&code.path), ["bin", "handler.py", "tool"]);
    let mode = |name: &str| {
        fs::metadata(code.path.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("handler.py"), 0o444);
    assert_eq!(mode("tool"), 0o555);
    assert_eq!(store.put(&bytes).unwrap(), code, "the same package again");
    assert_eq!(names(&outer.path().join("store")), [code.sha256]);
}

#[test]
fn what_leads_out_is_refused_and_leaves_nothing() {
    let outer = tempfile::tempdir().unwrap();
    let store = store(outer.path());
    let file = |name| Entry::File(name, "x", 0o644);
    for entries in [
        vec![file("../out.py")],
        vec![file("a/../../out.py")],
        vec![Entry::Link("out", "/etc/passwd")],
        vec![Entry::Link("out", "..")],
        vec![Entry::Link("out", "nothing")],
        vec![
            file("d/e/x"),
            Entry::Link("up", "d/e"),
            Entry::Link("out", "up/../../.."),
        ],
        vec![
            Entry::Link("out", ".."),
            Entry::Link("out/planted", "store"),
        ],
        vec![file("a"), file("a/b")],
    ] {
        let error = store.put(&package(&entries)).unwrap_err();
        assert!(matches!(error, Error::ForbiddenEntry(_)), "{error:?}");
        assert_eq!(names(outer.path()), ["store"]);
        assert!(names(&outer.path().join("store")).is_empty());
    }
}

#[test]
fn what_is_no_zip_or_too_large_is_refused() {
    let outer = tempfile::tempdir().unwrap();
    let store = store(outer.path());
    assert!(matches!(store.put(b"not a zip"), Err(Error::NotAZip(_))));
    assert!(matches!(store.put(b""), Err(Error::NotAZip(_))));
    let mut cut = package(&[Entry::File("a.py", &"x = 1\n".repeat(1000), 0o644)]);
    cut[60] ^= 0xff;
    assert!(matches!(store.put(&cut), Err(Error::NotAZip(_))));
    let large = vec![0; (50 << 20) + 1];
    assert!(matches!(store.put(&large), Err(Error::ZipTooLarge { .. })));
    let bomb = "0".repeat(131 << 20);
    let bomb = package(&[
        Entry::File("a", &bomb, 0o644),
        Entry::File("b", &bomb, 0o644),
    ]);
    assert!(matches!(
        store.put(&bomb),
        Err(Error::UnpackedTooLarge { .. })
    ));
    assert!(names(&outer.path().join("store")).is_empty());
}

#[test]
fn what_is_not_wanted_any_more_and_what_a_crash_left_are_removed() {
    let outer = tempfile::tempdir().unwrap();
    let first = store(outer.path());
    let keep = first
        .put(&package(&[Entry::File("a.py", "1", 0o644)]))
        .unwrap();
    first
        .put(&package(&[Entry::File("a.py", "2", 0o644)]))
        .unwrap();
    fs::create_dir(outer.path().join("store").join("partial-x")).unwrap();
    let second = store(outer.path());
    assert_eq!(
        second
            .retain(&HashSet::from([keep.sha256.clone()]))
            .unwrap(),
        1
    );
    assert_eq!(names(&outer.path().join("store")), [keep.sha256]);
}
