/** The style of the issuer's pages: the web application's colours, distances and type. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #14201b; --paper: #faf9f5; --surface: #ffffff; --line: #dcdcd2; --line-strong: #8b948d; --muted: #5b665f;
  --accent: #0f6b4f; --accent-strong: #0b553f; --on-accent: #ffffff; --accent-soft: #e3f1ea;
  --danger: #b3261e; --danger-soft: #fbe9e7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #edf1ec; --paper: #101512; --surface: #19201c; --line: #2e3832; --line-strong: #77847c; --muted: #a3afa8;
    --accent: #4cc79b; --accent-strong: #6fd7b1; --on-accent: #06231a; --accent-soft: #17352a;
    --danger: #ff8a80; --danger-soft: #3a1a17;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { font: 18px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); }
main { min-height: 100vh; min-height: 100dvh; max-width: 472px; margin: 0 auto; padding: 32px 16px; display: flex; flex-direction: column; justify-content: center; }
.brand { margin: 0 0 24px; text-align: center; font-weight: 700; letter-spacing: -.01em; }
.card { padding: 32px 24px; background: var(--surface); border: 1px solid var(--line); border-radius: 14px; }
h1 { margin: 0 0 8px; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.015em; }
p { margin: 0 0 24px; }
.muted { color: var(--muted); }
.address { font-weight: 600; overflow-wrap: anywhere; color: var(--ink); }
label { display: block; margin: 0 0 8px; font-weight: 600; }
input { display: block; width: 100%; height: 52px; padding: 0 16px; margin: 0 0 16px; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line-strong); border-radius: 14px; }
input[aria-invalid='true'] { border-color: var(--danger); }
.digits { font-size: 1.6rem; letter-spacing: .35em; text-align: center; font-variant-numeric: tabular-nums; padding-left: calc(16px + .35em); }
button, .button { display: flex; align-items: center; justify-content: center; width: 100%; min-height: 52px; padding: 0 20px; border: 0; border-radius: 14px; font: inherit; font-weight: 600; background: var(--accent); color: var(--on-accent); cursor: pointer; text-decoration: none; }
button:hover, .button:hover { background: var(--accent-strong); }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert, .notice { padding: 12px 16px; border-radius: 14px; margin: 0 0 16px; }
.alert { background: var(--danger-soft); color: var(--danger); }
.notice { background: var(--accent-soft); }
.more { display: flex; flex-wrap: wrap; gap: 4px 24px; justify-content: space-between; margin: 16px 0 0; }
.more form { margin: 0; }
.more a, .more button { display: inline-flex; align-items: center; width: auto; min-height: 44px; padding: 0; background: none; color: var(--accent); font-weight: 600; text-decoration: underline; text-underline-offset: 3px; }
.more a:hover, .more button:hover { background: none; color: var(--accent-strong); }
.foot { margin: 24px 0 0; padding: 16px 0 0; border-top: 1px solid var(--line); font-size: .89rem; color: var(--muted); }
.foot a { color: var(--accent); }
@media (max-width: 360px) { .card { padding: 24px 16px; } .digits { font-size: 1.35rem; } }
@media (min-width: 600px) { .card { padding: 40px; } }
@media (forced-colors: active) { button, .button { border: 1px solid; } }
`;
