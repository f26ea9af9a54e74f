//! Photographs from a phone, and one with a transparent part, fitted under a limit of bytes and pixels.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use super::peers::Node;
use super::race::{Contender, race, rehearse};
use super::samples::{Sample, Spread, grouped, percent};
use super::section::{Aim, Section};
use super::{Ground, machine};
use crate::unattended::said;

const MAX_BYTES: u64 = 1_000_000;
const MAX_SIDE_PX: u64 = 2_000;
const MAKER: &str = "pictures/make.py";
/// The program that made what lies in the folder, word for word; written last.
const MADE: &str = "made-by.txt";

/// A picture, and what it is to become.
struct Picture {
    name: &'static str,
    file: &'static str,
    size: (u64, u64),
    mime: &'static str,
}

const PICTURES: [Picture; 3] = [
    Picture { name: "12 MP JPEG", file: "12mp.jpg", size: (1_500, 2_000), mime: "image/jpeg" },
    Picture { name: "24 MP JPEG", file: "24mp.jpg", size: (1_333, 2_000), mime: "image/jpeg" },
    Picture { name: "12 MP PNG with alpha", file: "12mp-alpha.png", size: (2_000, 1_500), mime: "image/webp" },
];

/// What a program made of a picture.
struct Made {
    bytes: u64,
    quality: String,
    likeness: String,
}

pub(super) fn run(ground: &Ground<'_>) -> anyhow::Result<Section> {
    let built = ground.build(["--package", "skein-media", "--example", "fit"])?;
    let folder = ground.folder("pictures")?;
    make(ground, &folder)?;
    let mut section = Section {
        heading: vec![
            "picture",
            "program",
            "fit",
            "whole process",
            "CPU",
            "peak memory",
            "bytes",
            "quality",
            "likeness",
        ],
        ..Section::default()
    };
    let versions =
        ["Skein".to_owned(), ground.peers.npm_version("sharp", Node::Newest)?, ground.peers.pypi_version("Pillow")?];
    // Once: afterwards the load average tells of the bench itself.
    let quiet = machine::wait_until_quiet()?;
    for picture in &PICTURES {
        let source = folder.join(picture.file);
        let outputs = ["skein", "sharp", "pillow"].map(|name| folder.join(format!("{name}-{}", picture.file)));
        let [ours, sharp, pillow] = &outputs;
        let contenders = [
            contender(Contender::of("Skein", &built.join("examples/fit")), &source, ours),
            contender(ground.peers.node_script("sharp", "pictures/sharp.mjs", Node::Newest)?, &source, sharp),
            contender(ground.peers.python_script("Pillow", "pictures/pillow.py"), &source, pillow),
        ];
        rehearse(ground, &contenders)?;
        let made = judge(ground, picture, &source, &contenders, &outputs)?;
        let samples = race(ground, &contenders)?;
        add(&mut section, picture, &versions, &samples, &made).context("there are no samples")?;
    }
    section.notes.push(quiet);
    Ok(section)
}

fn contender(program: Contender, source: &Path, output: &Path) -> Contender {
    program
        .argument(source)
        .argument(MAX_BYTES.to_string())
        .argument(MAX_SIDE_PX.to_string())
        .argument(output)
        .writes(output.with_added_extension("json"))
        .tells_its_work()
}

/// The pictures take half a minute to make, so they are kept for as long as their maker is the same.
fn make(ground: &Ground<'_>, folder: &Path) -> anyhow::Result<()> {
    let maker = fs::read_to_string(ground.source(MAKER)).with_context(|| format!("{MAKER} cannot be read"))?;
    let made = folder.join(MADE);
    if fs::read_to_string(&made).is_ok_and(|present| present == maker) {
        return Ok(());
    }
    println!("making the pictures …");
    said(&mut ground.peers.python_script("the maker of the pictures", MAKER).argument(folder).command())?;
    fs::write(&made, maker).with_context(|| format!("{} cannot be written", made.display()))
}

/// Refuses what is not as asked for, and compares the rest with a reference.
fn judge(
    ground: &Ground<'_>,
    picture: &Picture,
    source: &Path,
    contenders: &[Contender],
    outputs: &[PathBuf],
) -> anyhow::Result<Vec<Made>> {
    let mut judge = ground.peers.python_script("the judge of the pictures", "pictures/judge.py").argument(source);
    for output in outputs {
        judge = judge.argument(output);
    }
    let told: Value = serde_json::from_str(&said(&mut judge.command())?).context("judge.py printed no JSON")?;
    let verdicts = told.as_array().context("judge.py printed no list")?;
    let pairs = contenders.iter().zip(outputs).zip(verdicts);
    pairs.map(|((contender, output), verdict)| made(picture, contender, output, verdict)).collect()
}

fn made(picture: &Picture, contender: &Contender, output: &Path, verdict: &Value) -> anyhow::Result<Made> {
    let name = &contender.name;
    let bytes = fs::metadata(output).with_context(|| format!("{name} wrote no picture"))?.len();
    let size = (verdict["width"].as_u64(), verdict["height"].as_u64());
    if bytes > MAX_BYTES || size != (Some(picture.size.0), Some(picture.size.1)) || verdict["mime"] != picture.mime {
        bail!("{name} made something else of {}: {bytes} bytes, {verdict}", picture.file);
    }
    let printed = contender.printed()?;
    let quality = printed["quality"].as_u64().map_or("no loss".to_owned(), |quality| quality.to_string());
    let number = |field: &str| verdict[field].as_f64().with_context(|| format!("judge.py told no {field}"));
    let likeness = format!("{:.1} dB, {:.3}", number("psnr_db")?, number("ssim")?);
    Ok(Made { bytes, quality, likeness })
}

fn add(
    section: &mut Section,
    picture: &Picture,
    versions: &[String; 3],
    samples: &[Vec<Sample>],
    made: &[Made],
) -> Option<()> {
    let mut medians = Vec::new();
    for ((version, samples), made) in versions.iter().zip(samples).zip(made) {
        let of = |number| Spread::of(samples, number);
        let work = of(|sample| sample.work_us)?;
        section.rows.push(vec![
            picture.name.to_owned(),
            version.clone(),
            work.milliseconds(),
            of(|sample| sample.wall_us)?.milliseconds(),
            of(|sample| sample.cpu_us)?.milliseconds(),
            of(|sample| sample.peak_kib)?.mebibytes(),
            grouped(made.bytes),
            made.quality.clone(),
            made.likeness.clone(),
        ]);
        medians.push(work.median);
    }
    let &[ours, sharp, pillow] = medians.as_slice() else { return None };
    section.aims.push(Aim {
        what: format!("{}, no slower than sharp", picture.name),
        reached: format!("{} of its time", percent(ours, sharp)),
        holds: ours <= sharp,
    });
    section.aims.push(Aim {
        what: format!("{}, at most half of Pillow's time", picture.name),
        reached: format!("{} of it", percent(ours, pillow)),
        holds: ours * 2 <= pillow,
    });
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aims(work_us: [u64; 3]) -> Vec<bool> {
        let samples = work_us.map(|work_us| vec![Sample { wall_us: 0, cpu_us: 0, peak_kib: 0, work_us }; 5]);
        let made = || Made { bytes: 1, quality: "90".to_owned(), likeness: String::new() };
        let mut section = Section::default();
        let versions = ["a", "b", "c"].map(str::to_owned);
        add(&mut section, &PICTURES[0], &versions, &samples, &[made(), made(), made()]).unwrap();
        assert_eq!(section.rows.len(), 3);
        section.aims.iter().map(|aim| aim.holds).collect()
    }

    #[test]
    fn aims_are_about_the_work_of_each_picture() {
        assert_eq!(aims([200_000, 200_000, 400_000]), [true, true]);
        assert_eq!(aims([200_001, 200_000, 400_000]), [false, false]);
        assert_eq!(aims([199_000, 200_000, 397_000]), [true, false]);
    }
}
