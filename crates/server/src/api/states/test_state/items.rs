//! The items of a Map with an ItemReader, from the data that a test gives in place of the source (spec asl.md, ItemReader).
//!
//! Owns small sources that are in memory already. What a real reader does with a large one is not its business.

use std::collections::HashSet;
use std::sync::Arc;

use expr::json::{self, Value};

/// The most cells that a table may have.
const MOST_CELLS: usize = 262_144;

/// Reads the data as the state's `ReaderConfig` says.
///
/// # Errors
///
/// What is wrong with the data.
pub(super) fn read(data: &str, reader: &Value) -> Result<Value, String> {
    let config = reader.get("ReaderConfig");
    let text = |name: &str| config.and_then(|config| config.get(name)?.as_str());
    let mut items = match text("InputType") {
        Some("CSV") => csv(data, config.unwrap_or(&Value::Null))?,
        Some("JSONL") => lines(data)?,
        None | Some("JSON") => entries(pointed(data, text("ItemsPointer").unwrap_or(""))?)?,
        Some(other) => return Err(format!("Data of the InputType {other} cannot be tested")),
    };
    let most = config.and_then(|config| config.get("MaxItems")?.as_i64());
    if let Some(most) = most.and_then(|most| usize::try_from(most).ok())
        && most > 0
    {
        items.truncate(most);
    }
    Ok(Value::array(items))
}

/// One value for each line that is not blank.
fn lines(data: &str) -> Result<Vec<Value>, String> {
    let lines = data.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| json::parse(line).map_err(|error| error.message))
        .collect()
}

/// The node of a JSON document that a JSON Pointer leads to.
fn pointed(data: &str, pointer: &str) -> Result<Value, String> {
    let root = json::parse(data).map_err(|error| error.message)?;
    let mut steps = pointer.split('/').skip(1);
    let found = steps.try_fold(&root, |node, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match node {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            node => node.get(&step),
        }
    });
    found
        .cloned()
        .ok_or_else(|| format!("The ItemsPointer '{pointer}' leads to nothing"))
}

/// The items of an array, or the members of an object.
fn entries(node: Value) -> Result<Vec<Value>, String> {
    if let Some(items) = node.as_array() {
        return Ok(items.to_vec());
    }
    let object = node.as_object();
    let object = object.ok_or("Attempting to map over non-iterable node.")?;
    let pair = |(key, value): (&Arc<str>, &Value)| {
        Value::object([
            ("Key".into(), Value::string(key.clone())),
            ("Value".into(), value.clone()),
        ])
    };
    Ok(object.iter().map(pair).collect())
}

/// Rows by their headers: every value is a text, short rows are padded, what is too much is dropped.
fn csv(data: &str, config: &Value) -> Result<Vec<Value>, String> {
    let delimiter = match config.get("CSVDelimiter").and_then(Value::as_str) {
        Some("PIPE") => '|',
        Some("SEMICOLON") => ';',
        Some("SPACE") => ' ',
        Some("TAB") => '\t',
        _ => ',',
    };
    let mut rows = rows(data, delimiter).into_iter();
    let given = config.get("CSVHeaders").and_then(Value::as_array);
    let headers: Vec<Arc<str>> = match given {
        Some(headers) => headers
            .iter()
            .filter_map(Value::as_str)
            .map(Arc::from)
            .collect(),
        None => rows
            .next()
            .unwrap_or_default()
            .into_iter()
            .map(Arc::from)
            .collect(),
    };
    let different: HashSet<&Arc<str>> = headers.iter().collect();
    if different.len() < headers.len() {
        return Err("CSV headers cannot contain duplicates.".to_owned());
    }
    // Short rows are padded: a little text may mean very many cells.
    if headers.len().saturating_mul(rows.len()) > MOST_CELLS {
        return Err(format!("The data has more than {MOST_CELLS} cells"));
    }
    let row = |cells: Vec<String>| {
        let cells = cells.into_iter().map(Value::string);
        let cells = cells.chain(std::iter::repeat_with(|| Value::string("")));
        Value::object(headers.iter().cloned().zip(cells).collect::<Vec<_>>())
    };
    Ok(rows.map(row).collect())
}

/// The cells of the rows that are not blank. In quotes a quote is doubled or escaped, and anything may stand.
fn rows(data: &str, delimiter: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut is_blank) = (false, true);
    let mut end = |row: &mut Vec<String>, cell: &mut String, is_blank: &mut bool| {
        row.push(std::mem::take(cell));
        let row = std::mem::take(row);
        if !std::mem::replace(is_blank, true) {
            rows.push(row);
        }
    };
    let mut chars = data.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => cell.extend(chars.next()),
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' if quoted => quoted = false,
            _ if quoted => cell.push(c),
            '"' if cell.is_empty() => (quoted, is_blank) = (true, false),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => end(&mut row, &mut cell, &mut is_blank),
            c if c == delimiter => {
                row.push(std::mem::take(&mut cell));
                is_blank = false;
            }
            c => {
                is_blank = is_blank && c.is_whitespace();
                cell.push(c);
            }
        }
    }
    end(&mut row, &mut cell, &mut is_blank);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &str, config: &str, expected: &str) {
        let reader = json::parse(&format!(r#"{{"ReaderConfig":{config}}}"#)).unwrap();
        let read = read(data, &reader).map_or_else(|wrong| wrong, |items| items.to_text());
        assert_eq!(read, expected, "{data}");
    }

    #[test]
    fn json_and_lines_of_it() {
        check("[1, 2.0]", "{}", "[1,2.0]");
        check(
            r#"{"a":1}"#,
            r#"{"InputType":"JSON"}"#,
            r#"[{"Key":"a","Value":1}]"#,
        );
        check(
            r#"{"a/b":[{"c":[7,8,9]}]}"#,
            r#"{"InputType":"JSON","ItemsPointer":"/a~1b/0/c","MaxItems":2}"#,
            "[7,8]",
        );
        check(
            "[]",
            r#"{"ItemsPointer":"/a"}"#,
            "The ItemsPointer '/a' leads to nothing",
        );
        check("5", "{}", "Attempting to map over non-iterable node.");
        check(
            "{\"a\":1}\n\n[2]\n",
            r#"{"InputType":"JSONL"}"#,
            r#"[{"a":1},[2]]"#,
        );
        check(
            "",
            r#"{"InputType":"PARQUET"}"#,
            "Data of the InputType PARQUET cannot be tested",
        );
    }

    #[test]
    fn rows_of_csv() {
        check(
            "a,b\n1,\"x, \"\"y\"\"\n\\\"z\"\n\n2\r\n3,4,5",
            r#"{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}"#,
            r#"[{"a":"1","b":"x, \"y\"\n\"z"},{"a":"2","b":""},{"a":"3","b":"4"}]"#,
        );
        check(
            "1|2\n",
            r#"{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["x","y"],"CSVDelimiter":"PIPE"}"#,
            r#"[{"x":"1","y":"2"}]"#,
        );
        check(
            "a,a\n1,2",
            r#"{"InputType":"CSV"}"#,
            "CSV headers cannot contain duplicates.",
        );
        check("", r#"{"InputType":"CSV"}"#, "[]");
    }
}
