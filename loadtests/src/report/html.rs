//! Pieces of HTML.

/// Text as it may stand in an element or attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// A whole page; everything it needs is in it.
pub fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
         <main>\n{body}\n</main>\n</html>\n",
        escape(title)
    )
}

/// A table that scrolls by itself where it is too wide. Cells are HTML already.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let is_headless = head.iter().all(|h| h.is_empty());
    let head: String = head.iter().map(|h| format!("<th>{}</th>", escape(h))).collect();
    let row = |r: &Vec<String>| format!("<tr>{}</tr>\n", r.iter().map(|c| format!("<td>{c}</td>")).collect::<String>());
    let rows: String = rows.iter().map(row).collect();
    let head = if is_headless { String::new() } else { format!("<thead><tr>{head}</tr></thead>\n") };
    format!("<div class=\"wide\"><table>\n{head}<tbody>{rows}</tbody>\n</table></div>\n")
}

/// A number's cell, aligned with the others of its column.
pub fn number(text: &str) -> String {
    format!("<span class=\"n\">{}</span>", escape(text))
}

/// A word in green or red.
pub fn mark(ok: bool, yes: &str, no: &str) -> String {
    let (class, word) = if ok { ("yes", yes) } else { ("no", no) };
    format!("<span class=\"{class}\">{}</span>", escape(word))
}

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5c6878; --line: #d5dbe3; --page: #f5f7fa; --card: #ffffff;
  --yes: #0f7a43; --no: #c02026; --yes-back: #e2f5ea; --no-back: #fde7e7;
  --c0: #1f6fd6; --c1: #d9660c; --c2: #11875d; --c3: #9333c4; --c4: #b8860b; --c5: #c2246b;
  --c6: #0e8c9e; --c7: #6b7280; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --dim: #9aa7b8; --line: #323c4a; --page: #12171e; --card: #1a212b;
  --yes: #58d492; --no: #ff7b7b; --yes-back: #12301f; --no-back: #3a1518;
  --c0: #6db0ff; --c1: #ffa25c; --c2: #4fd6a3; --c3: #cf94ff; --c4: #e8c14d; --c5: #ff86b8;
  --c6: #56d3e4; --c7: #a8b1bf; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 20px 16px 60px; }
h1 { font-size: 1.5rem; margin: 0 0 4px; } h2 { font-size: 1.1rem; margin: 32px 0 10px; }
p { margin: 4px 0; } .dim { color: var(--dim); }
.verdict { border-radius: 12px; padding: 16px 20px; margin: 16px 0; font-size: 1.05rem; border: 2px solid; }
.verdict b { font-size: 1.7rem; line-height: 1.25; display: block; } .verdict ul { margin: 8px 0 0; padding-left: 20px; }
.verdict li { overflow-wrap: anywhere; white-space: pre-wrap; }
.verdict.good { color: var(--yes); background: var(--yes-back); border-color: var(--yes); }
.verdict.bad { color: var(--no); background: var(--no-back); border-color: var(--no); }
.plots { display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px; }
figcaption { font-weight: 600; } figure svg { width: 100%; height: auto; display: block; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: .85rem; color: var(--dim); min-height: 1.4em; }
.legend i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; vertical-align: middle; margin-right: 5px; }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--dim); font-weight: 600; white-space: nowrap; } tbody tr:last-child td { border-bottom: 0; }
td { overflow-wrap: anywhere; } .n { font-variant-numeric: tabular-nums; white-space: nowrap; }
.yes { color: var(--yes); font-weight: 600; } .no { color: var(--no); font-weight: 700; } .yes, .no { white-space: nowrap; }
svg text { fill: var(--dim); font: 13px system-ui, sans-serif; paint-order: stroke; stroke: var(--card); stroke-width: 3px; } svg .grid { stroke: var(--line); stroke-width: 1; }
svg .mark { stroke: var(--dim); stroke-width: 1; stroke-dasharray: 3 4; }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_cannot_become_markup() {
        assert_eq!(escape("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }

    #[test]
    fn a_page_asks_nobody_for_anything() {
        let page = document("x", "y");
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="));
    }
}
