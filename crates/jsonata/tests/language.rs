//! The language, by example: `cases/language.txt`.

mod world;

use world::outcome;

#[test]
fn expressions_come_to_what_the_table_says() {
    let table = include_str!("cases/language.txt");
    let data = table
        .lines()
        .find_map(|line| line.strip_prefix("data "))
        .expect("there is data");
    let mut count = 0;
    let mut wrong = Vec::new();
    for line in table.lines() {
        let Some((source, expected)) = line.split_once("  =>  ") else {
            continue;
        };
        count += 1;
        let found = outcome(source, data);
        if found != expected {
            wrong.push(format!(
                "{source}\n  expected {expected}\n  found    {found}"
            ));
        }
    }
    assert!(count > 500, "the table lost its lines: {count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
