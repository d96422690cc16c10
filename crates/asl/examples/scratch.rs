//! scratch
use std::io::BufRead;
fn main() {
    let cyc = std::env::args().nth(1);
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let v: serde_json::Value = serde_json::from_str(&line).unwrap();
        let d = v["definition"].as_str().unwrap();
        let machine_type = if v["type"] == "EXPRESS" {
            asl::MachineType::Express
        } else {
            asl::MachineType::Standard
        };
        let o = asl::Options { machine_type };
        if cyc.is_some() {
            let t = std::time::Instant::now();
            let n = asl::validate(d, &o).len();
            println!("{} bytes {} diags {:?}", d.len(), n, t.elapsed());
            continue;
        }
        let r = asl::compile(d, &o);
        let ds = asl::validate(d, &o);
        let out: Vec<_> = ds.iter().map(|d| serde_json::json!({"severity": d.severity.to_string(), "code": d.code.to_string(), "message": d.message, "location": d.location})).collect();
        let msg = asl::invalid_definition_message(&ds);
        println!(
            "{}",
            serde_json::json!({"ok": r.is_ok(), "d": out, "msg": msg})
        );
    }
}
