/** How the page of a status looks, in light and in dark. */

/** Colours by what they are for; a test holds letters against what they stand on (WCAG 2.2, 1.4.3 and 1.4.11). */
export const palettes = {
  light: {
    paper: "#ffffff",
    zone: "#eef3f9",
    card: "#ffffff",
    host: "#f4f4f1",
    outside: "#fbf3e4",
    text: "#1b1f24",
    soft: "#4a535e",
    line: "#c3ccd6",
    wire: "#6b7785",
    link: "#0a58b5",
    ok: "#1a7f37",
    warning: "#8a5a00",
    error: "#c21f2c",
    unknown: "#5d6773",
    warningPaper: "#fff5dc",
    errorPaper: "#fdeceb",
  },
  dark: {
    paper: "#14171b",
    zone: "#1b222b",
    card: "#222a34",
    host: "#20231f",
    outside: "#2b261c",
    text: "#e8ecf1",
    soft: "#b3bdc9",
    line: "#3d4855",
    wire: "#8794a3",
    link: "#8ab8ff",
    ok: "#56d07a",
    warning: "#e8b339",
    error: "#ff8a84",
    unknown: "#a3afbc",
    warningPaper: "#2c2516",
    errorPaper: "#33201f",
  },
} as const;

export type Palette = Readonly<Record<keyof (typeof palettes)["light"], string>>;

/** Smallest height of what is tapped, in pixels (WCAG 2.2, 2.5.5). */
export const tapHeight = 44;

const variables = (palette: Palette): string =>
  Object.entries(palette)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(";");

/** Both palettes as variables of an element: its own, and what a reader in the dark gets. */
const colours = (selector: string): string =>
  `${selector}{color-scheme:light dark;${variables(palettes.light)}}
@media (prefers-color-scheme:dark){${selector}{${variables(palettes.dark)}}}`;

/** How pictures look that stand in a page. */
const pictureStyle = `svg .title{fill:var(--text);font-weight:600}
svg .line{fill:var(--soft)}
svg .zone{fill:var(--zone);stroke:var(--line)}
svg .card{fill:var(--card);stroke:var(--line)}
svg .host{fill:var(--host);stroke:var(--line)}
svg .outside{fill:var(--outside);stroke:var(--line)}
svg .wire,svg .way{fill:none;stroke:var(--wire);stroke-width:1.5}
svg .way{stroke-dasharray:5 4}
svg .ok{fill:var(--ok)}
svg .warning{fill:var(--warning)}
svg .error{fill:var(--error)}
svg .unknown{fill:none;stroke:var(--unknown);stroke-width:2}
`;

/** The style sheet of a picture that is a file of its own. */
export const fileStyle = `${colours("svg")}
svg{font-family:system-ui,sans-serif}
${pictureStyle}`;

/** The page's style sheet. */
export const style = `
${colours(":root")}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main,header{max-width:1120px;margin:0 auto;padding:0 16px}
h1{font-size:1.6rem;line-height:1.2;margin:24px 0 4px}
h2{font-size:1.15rem;margin:32px 0 8px}
p{margin:4px 0 12px}
main{padding-bottom:40px}
a{color:var(--link)}
code{font:0.92em ui-monospace,monospace;overflow-wrap:anywhere}
.soft{color:var(--soft)}
.counts{display:flex;flex-wrap:wrap;gap:8px 20px;margin:8px 0 0;padding:0;list-style:none}
.sign{display:inline-block;width:1.2em;font-weight:700}
.is-ok .sign,.is-ok.sign{color:var(--ok)}
.is-warning,.is-warning .sign{color:var(--warning)}
.is-error,.is-error .sign{color:var(--error)}
.is-unknown,.is-unknown .sign{color:var(--unknown)}
.findings{margin:0;padding:0;list-style:none}
.findings li{margin:0 0 8px;padding:10px 14px;border-left:4px solid;border-radius:4px}
.findings li.is-error{background:var(--errorPaper)}
.findings li.is-warning{background:var(--warningPaper)}
.findings p{margin:0;color:var(--text);overflow-wrap:anywhere}
.findings .soft{color:var(--soft)}
table{width:100%;border-collapse:collapse;font-size:0.94rem}
th,td{text-align:left;vertical-align:top;padding:8px 12px 8px 0;border-bottom:1px solid var(--line);overflow-wrap:break-word}
th{color:var(--soft);font-weight:600;white-space:nowrap}
.marked{display:inline-block;position:relative;padding-left:1.3em}
.marked .sign{position:absolute;left:0}
td a{display:inline-block;min-height:${tapHeight}px;margin:-8px 0;padding:8px 0}
svg{display:block;width:100%;height:auto;font-family:system-ui,sans-serif}
${pictureStyle}.phone{display:none}
@media (max-width:720px){
.phone{display:block}
.laptop{display:none}
table,tbody,tr,td{display:block}
thead{display:none}
tr{padding:10px 0;border-bottom:1px solid var(--line)}
td{display:grid;grid-template-columns:8em 1fr;gap:8px;padding:2px 0;border:0;overflow-wrap:anywhere}
td:first-child{font-weight:600}
td:empty{display:none}
td::before{content:attr(data-label);color:var(--soft);font-weight:400}
}
`;
