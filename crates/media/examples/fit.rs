//! Fits a picture and tells what became of it: `fit FILE MAX_BYTES MAX_SIDE > out`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use skein_media::{Bounds, fit};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(report) => {
            eprintln!("{report}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("fit: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, Box<dyn std::error::Error>> {
    let [file, max_bytes, max_side] = arguments else {
        return Err("usage: fit FILE MAX_BYTES MAX_SIDE > out".into());
    };
    let bounds = Bounds { max_bytes: max_bytes.parse()?, max_side_px: max_side.parse()?, ..Bounds::POST };
    let input = std::fs::read(file)?;
    let start = Instant::now();
    let fitted = fit(&input, &bounds)?;
    let duration_ms = start.elapsed().as_millis();
    std::io::stdout().write_all(&fitted.bytes)?;
    let quality = fitted.quality.map_or("no loss".to_owned(), |quality| format!("quality {quality}"));
    let warnings: Vec<String> = fitted.warnings.iter().map(ToString::to_string).collect();
    Ok(format!(
        "{duration_ms} ms: {} {} x {} px, {} bytes, {quality} {}",
        fitted.mime,
        fitted.width,
        fitted.height,
        fitted.bytes.len(),
        warnings.join("; "),
    ))
}
