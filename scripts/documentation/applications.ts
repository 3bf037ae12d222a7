/** The table of applications in README.md and docs/apps: what each is, its page and picture, and how much code it took. */
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { applications } from "../../stacks/apps/index.ts";
import { pageOf } from "./site.ts";

/** Where the picture of an application is, and that of all of them. */
export const pictureOf = (name: string): string => `docs/pictures/${name}.svg`;
export const allPicture = pictureOf("applications");

/** Code of an application, with its lines: a file, or a folder with all below it. */
interface Code {
  readonly path: string;
  readonly lines: number;
  /** Whether it makes others too. */
  readonly shared: boolean;
}

interface Documented {
  readonly name: string;
  readonly about: string;
  readonly code: readonly Code[];
}

const begin = "<!-- applications: made by npm run schema -->";
const end = "<!-- end of applications -->";

/** A page with the table between its marks made anew. Throws where it has no marks. */
export function withTable(page: string, path: string, table: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has no ${begin} with ${end} below it`);
  return `${page.slice(0, from)}${begin}\n\n${table}\n\n${page.slice(to)}`;
}

/** The table as a page at `path` has it. */
export function applicationsTable(root: URL, path: string): string {
  const link = (text: string, to: string): string =>
    `[${text}](${posix.relative(posix.dirname(path), to)})`;
  const rows = documented(root).map(({ name, about, code }) => [
    `\`${name}\``,
    about,
    link(posix.basename(pageOf(name)), pageOf(name)),
    link(posix.basename(pictureOf(name)), pictureOf(name)),
    code.map((one) => `${link(titleOf(one), one.path)} ${countOf(one)}`).join(", "),
  ]);
  const head = ["application", "what it is", "page", "picture", "its code, in lines"];
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

const titleOf = ({ path }: Code): string =>
  isFile(path) ? posix.basename(path) : path.split("/").slice(-2).join("/");

const countOf = ({ lines, shared }: Code): string => (shared ? `${lines} (shared)` : `${lines}`);

const isFile = (path: string): boolean => /\.\w+$/.test(path);

/** Every application, and Tesla's telemetry, which is a part with a page among theirs. */
function documented(root: URL): readonly Documented[] {
  return [
    ...Object.entries(applications).map(([name, { config }]) => ({
      ...{ name, about: config.description ?? "", code: codeOf(root, name) },
    })),
    {
      ...{ name: "tesla", about: "Telemetry of Tesla vehicles, a part" },
      code: ["stacks/parts/tesla", "components/tesla"].map((path) => codeAt(root, path)),
    },
  ];
}

/** The file of a recipe, that of what makes it where this is one for its like, and those that begin with its name. */
function codeOf(root: URL, name: string): readonly Code[] {
  const folder = "stacks/apps";
  const all = readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" });
  const [, maker = ""] = / = (\w+)\(\{/.exec(textAt(root, `${folder}/${name}.ts`)) ?? [];
  const files = all.filter((path) => posix.basename(path).startsWith(`${name}-`)).sort();
  return [
    ...[`${name}.ts`, ...files].map((path) => codeAt(root, `${folder}/${path}`)),
    ...(all.includes(`${maker}.ts`) ? [codeAt(root, `${folder}/${maker}.ts`, true)] : []),
  ];
}

function codeAt(root: URL, path: string, shared = false): Code {
  const files = isFile(path)
    ? [path]
    : readdirSync(new URL(path, root), { recursive: true, encoding: "utf8" })
        .filter(isFile)
        .map((file) => `${path}/${file}`);
  const lines = files.map((file) => textAt(root, file).split("\n").length - 1);
  return { path, lines: lines.reduce((sum, one) => sum + one, 0), shared };
}

const textAt = (root: URL, path: string): string => readFileSync(new URL(path, root), "utf8");
