//! Fits a picture and tells what became of it as one line of JSON: `fit FILE MAX_BYTES MAX_SIDE OUT`.

use std::process::ExitCode;
use std::time::Instant;

use skein_media::{Bounds, fit};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("fit: {message}");
            ExitCode::FAILURE
        }
    }
}

/// `work_us` is the time from the file in memory to the fitted file in memory.
fn run(arguments: &[String]) -> Result<String, Box<dyn std::error::Error>> {
    let [file, max_bytes, max_side, out] = arguments else {
        return Err("usage: fit FILE MAX_BYTES MAX_SIDE OUT".into());
    };
    let bounds = Bounds { max_bytes: max_bytes.parse()?, max_side_px: max_side.parse()?, ..Bounds::POST };
    let input = std::fs::read(file)?;
    let start = Instant::now();
    let fitted = fit(&input, &bounds)?;
    let work_us = start.elapsed().as_micros();
    std::fs::write(out, &fitted.bytes)?;
    for warning in &fitted.warnings {
        eprintln!("fit: {warning}");
    }
    let quality = fitted.quality.map_or("null".to_owned(), |quality| quality.to_string());
    Ok(format!(
        r#"{{"work_us":{work_us},"mime":"{}","width":{},"height":{},"bytes":{},"quality":{quality}}}"#,
        fitted.mime,
        fitted.width,
        fitted.height,
        fitted.bytes.len(),
    ))
}
