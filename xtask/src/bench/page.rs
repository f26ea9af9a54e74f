//! The part of a page that a bench owns; the rest is written by hand.

use anyhow::{Context, bail};

/// The page with what lies between the two marks of `name` replaced.
pub(super) fn replaced(page: &str, name: &str, body: &str) -> anyhow::Result<String> {
    let (begin, end) = (format!("<!-- bench: {name} -->\n"), format!("<!-- end of bench: {name} -->"));
    let (before, rest) = page.split_once(&begin).with_context(|| format!("there is no line {:?}", begin.trim_end()))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("there is no line {end:?} after it"))?;
    if after.contains(&begin) {
        bail!("there are two lines {:?}", begin.trim_end());
    }
    Ok(format!("{before}{begin}\n{}\n\n{end}{after}", body.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n\n<!-- bench: a -->\nold\n<!-- end of bench: a -->\n\nby hand\n\n<!-- bench: b -->\n<!-- end of bench: b -->\n";

    #[test]
    fn only_the_part_of_the_bench_changes() {
        let page = replaced(PAGE, "a", "| table |\n").unwrap();
        assert_eq!(page, PAGE.replace("old\n", "\n| table |\n\n"));
        let page = replaced(&page, "b", "other").unwrap();
        assert!(page.ends_with("by hand\n\n<!-- bench: b -->\n\nother\n\n<!-- end of bench: b -->\n"), "{page}");
        assert_eq!(replaced(&page, "b", "other").unwrap(), page);
    }

    #[test]
    fn a_page_without_the_marks_is_left_alone() {
        assert!(replaced(PAGE, "c", "x").unwrap_err().to_string().contains("<!-- bench: c -->"));
        assert!(replaced("<!-- bench: a -->\n", "a", "x").is_err());
        assert!(replaced(&PAGE.repeat(2), "a", "x").unwrap_err().to_string().contains("two lines"));
    }
}
