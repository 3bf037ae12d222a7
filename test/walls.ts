/** Lint rule `house/walls`: which folder may import which. */
import { dirname, relative, resolve } from "node:path";
import type { Rule } from "eslint";

const rooms = {
  "lab/host": [],
  "lab/world": ["lab/host"],
  "lab/network": ["lab/host", "lab/world"],
  "lab/control": ["lab/host", "lab/world", "lab/network"],
  "lab/machines": [],
  "lab/apis": ["lab/machines", "lab/world", "toolchain"],
  "lab/shell": ["lab/host", "lab/world", "lab/network", "lab/control"],
  "lab/daemon": [
    ...["lab/host", "lab/world", "lab/network", "lab/control"],
    ...["lab/machines", "lab/apis"],
  ],
  "lab/plugins": ["toolchain"],
} as const satisfies Walls;

/** What the files below each folder may import beside themselves; the longest folder that fits a file counts. */
type Walls = Readonly<Record<string, readonly string[]>>;

const house: Walls = {
  "index.ts": ["stacks"],
  stacks: ["components"],
  components: [],
  policy: ["components"],
  scripts: ["stacks", "components"],
  toolchain: [],
  ...rooms,
  lab: [...Object.keys(rooms), "toolchain"],
  "lab/test": ["lab", "toolchain"],
  test: ["index.ts", "stacks", "components", "policy", "scripts", "lab", "toolchain"],
};

const within = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`);

/** Why a file may not import another, both as paths from the root; undefined when it may. */
export function brokenWall(from: string, to: string): string | undefined {
  const folderOf = (path: string): string | undefined =>
    Object.keys(house)
      .filter((folder) => within(path, folder))
      .sort((a, b) => b.length - a.length)[0];
  const own = folderOf(from);
  if (own === undefined || own === folderOf(to)) return undefined;
  const allowed = house[own] ?? [];
  if (allowed.some((folder) => within(to, folder))) return undefined;
  return `${own} imports ${allowed.length === 0 ? "nothing of the house" : `only ${allowed.join(", ")}`}, and not ${to}`;
}

type Importing = { readonly source?: { readonly type: string; readonly value?: unknown } | null };

/** The rule; eslint.config.js switches it on for every file. */
export const walls: Rule.RuleModule = {
  create(context) {
    const check = (node: Rule.Node): void => {
      const { source } = node as Importing;
      if (typeof source?.value !== "string" || !source.value.startsWith(".")) return;
      const from = relative(context.cwd, context.filename);
      const to = relative(context.cwd, resolve(dirname(context.filename), source.value));
      const message = brokenWall(from, to);
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportAllDeclaration: check,
      ExportNamedDeclaration: check,
    };
  },
};
