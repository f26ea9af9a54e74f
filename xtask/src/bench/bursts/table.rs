//! The figures of all as a table, and the aims.

use super::super::samples::{Spread, ratio};
use super::super::section::{Aim, Section};
use super::found::Found;
use super::{BURST, ROUNDS, TRICKLE};

/// The burst takes at most one part in so many of the fastest peer's time.
const AIM_PART: u64 = 4;
const AIM_LATE_US: u64 = 10_000;
/// 30 MB and 100 MB.
const AIM_IDLE_BYTES: u64 = 30_000_000;
const AIM_PEAK_BYTES: u64 = 100_000_000;

const HEADING: [&str; 9] = [
    "program",
    "10,000 at once: last request",
    "CPU a post",
    "CPU of the database's server a post",
    "1,000 over 20 s: p50",
    "p99",
    "max",
    "idle memory before, after",
    "peak memory",
];

/// The medians of one program.
struct Row<'a> {
    name: &'a str,
    is_skein: bool,
    last_us: u64,
    late_p99_us: u64,
    idle_kib: u64,
    peak_kib: u64,
    cells: Vec<String>,
}

/// Of each program its name, whether it is ours, and what was found of the burst and of the trickle.
pub(super) fn section(programs: &[(&str, bool)], found: &[[Vec<Found>; 2]], mut notes: Vec<String>) -> Option<Section> {
    let rows = programs.iter().zip(found).map(|(program, found)| row(*program, found)).collect::<Option<Vec<_>>>()?;
    let (fastest, fastest_us) =
        rows.iter().filter(|row| !row.is_skein).map(|row| (row.name, row.last_us)).min_by_key(|(_, us)| *us)?;
    let ours = rows.iter().filter(|row| row.is_skein);
    let aims = ours.flat_map(|row| aims(row, fastest, fastest_us)).collect();
    let inexact = programs.iter().zip(found).filter_map(|((name, _), found)| inexact(name, found));
    notes.splice(0..0, inexact);
    notes.insert(0, format!("Each program ran both {ROUNDS} times; the medians of these are shown."));
    let rows = rows.into_iter().map(|row| row.cells).collect();
    Some(Section { heading: HEADING.to_vec(), rows, aims, notes })
}

fn row<'a>((name, is_skein): (&'a str, bool), [burst, trickle]: &[Vec<Found>; 2]) -> Option<Row<'a>> {
    let of = |found: &[Found], number: fn(&Found) -> u64| Spread::of_numbers(found.iter().map(number).collect());
    let last = of(burst, |found| found.late_max_us)?;
    let cpu = of(burst, |found| found.cpu_us)?;
    let server = of(burst, |found| found.server_cpu_us)?;
    let before = of(burst, |found| found.idle_before_kib)?;
    let after = of(burst, |found| found.idle_after_kib)?;
    let peak = of(burst, |found| found.peak_kib)?;
    let late_p99 = of(trickle, |found| found.late_p99_us)?;
    let a_post = |spread: Spread| format!("{} ms", hundredths(spread.median, u64::from(BURST.posts) * 1_000));
    let cells = vec![
        name.to_owned(),
        last.seconds(),
        a_post(cpu),
        a_post(server),
        fine(of(trickle, |found| found.late_p50_us)?),
        fine(late_p99),
        fine(of(trickle, |found| found.late_max_us)?),
        format!("{}, {}", before.mebibytes(), after.mebibytes()),
        peak.mebibytes(),
    ];
    Some(Row {
        name,
        is_skein,
        last_us: last.median,
        late_p99_us: late_p99.median,
        idle_kib: before.median.max(after.median),
        peak_kib: peak.median,
        cells,
    })
}

fn aims(row: &Row<'_>, fastest: &str, fastest_us: u64) -> [Aim; 4] {
    let Row { name, last_us, late_p99_us, idle_kib, peak_kib, .. } = row;
    let megabytes = |kib: &u64| format!("{} MB", ratio(kib * 1_024, 1_000_000));
    [
        Aim {
            what: format!("{name}, the last of 10,000 posts within a quarter of the time of {fastest}"),
            reached: format!("1/{} of it", ratio(fastest_us, *last_us)),
            holds: last_us * AIM_PART <= fastest_us,
        },
        Aim {
            what: format!("{name}, p99 of the lateness over 20 s at most 10 ms"),
            reached: format!("{} ms", ratio(*late_p99_us, 1_000)),
            holds: *late_p99_us <= AIM_LATE_US,
        },
        Aim {
            what: format!("{name}, under 30 MB idle, before and after"),
            reached: megabytes(idle_kib),
            holds: idle_kib * 1_024 < AIM_IDLE_BYTES,
        },
        Aim {
            what: format!("{name}, under 100 MB at the peak"),
            reached: megabytes(peak_kib),
            holds: peak_kib * 1_024 < AIM_PEAK_BYTES,
        },
    ]
}

/// A note on a program that did not post each post exactly once.
fn inexact(name: &str, [burst, trickle]: &[Vec<Found>; 2]) -> Option<String> {
    let of_scene = |found: &[Found], posts: u32| {
        let told = found.iter().filter(move |found| !found.is_exact(posts));
        told.map(move |found| format!("{} requests for {} of {posts} posts", found.posts, found.different))
            .collect::<Vec<_>>()
    };
    let told = [of_scene(burst, BURST.posts), of_scene(trickle, TRICKLE.posts)].concat();
    (!told.is_empty()).then(|| format!("{name} did not post each post exactly once: {}.", told.join("; ")))
}

/// `4.2 ms (3.9..5.0)`
fn fine(spread: Spread) -> String {
    let show = |us: u64| ratio(us, 1_000);
    format!("{} ms ({}..{})", show(spread.median), show(spread.min), show(spread.max))
}

/// With two digits after the point.
fn hundredths(of: u64, by: u64) -> String {
    let rounded = (of * 100 + by / 2) / by.max(1);
    format!("{}.{:02}", rounded / 100, rounded % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(last_us: u64, late_p99_us: u64, idle_kib: u64, peak_kib: u64) -> [Vec<Found>; 2] {
        let burst = Found { idle_before_kib: idle_kib, peak_kib, ..Found::for_test(last_us) };
        let trickle = Found { posts: 1_000, different: 1_000, late_p99_us, ..burst };
        [vec![burst; ROUNDS], vec![trickle; ROUNDS]]
    }

    fn held(ours: [Vec<Found>; 2], peers: [[Vec<Found>; 2]; 2]) -> Vec<bool> {
        let programs = [("ours", true), ("a", false), ("b", false)];
        let [a, b] = peers;
        let section = section(&programs, &[ours, a, b], Vec::new()).unwrap();
        section.aims.iter().map(|aim| aim.holds).collect()
    }

    #[test]
    fn every_aim_is_held_against_its_own_bound() {
        let peers = || [found(8_000_000, 1, 1, 1), found(9_000_000, 1, 1, 1)];
        assert_eq!(held(found(2_000_000, 10_000, 29_296, 97_656), peers()), [true; 4]);
        assert_eq!(held(found(2_000_001, 10_000, 29_296, 97_656), peers()), [false, true, true, true]);
        assert_eq!(held(found(2_000_000, 10_001, 29_296, 97_656), peers()), [true, false, true, true]);
        assert_eq!(held(found(2_000_000, 10_000, 29_297, 97_656), peers()), [true, true, false, true]);
        assert_eq!(held(found(2_000_000, 10_000, 29_296, 97_657), peers()), [true, true, true, false]);
    }

    #[test]
    fn a_program_that_posts_twice_is_told_of() {
        let programs = [("ours", true), ("peer", false)];
        let mut theirs = found(8_000_000, 1, 1, 1);
        theirs[1][2].posts = 1_001;
        let section = section(&programs, &[found(1_000_000, 1, 1, 1), theirs], vec!["quiet".to_owned()]).unwrap();
        let told = "peer did not post each post exactly once: 1001 requests for 1000 of 1000 posts.";
        assert_eq!(section.notes[1..], [told, "quiet"]);
        assert_eq!(section.rows[0][1..4], ["1.000 s (1.000..1.000)", "1.23 ms", "0.00 ms"]);
        assert_eq!(section.rows[0][4], "0.5 ms (0.5..0.5)");
        assert_eq!(section.rows.iter().map(Vec::len).collect::<Vec<_>>(), [HEADING.len(); 2]);
    }
}
