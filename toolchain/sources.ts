/** The packages that programs are made of. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findGo, goEnvironment, moduleRoot } from "./go.ts";
import type { Tool } from "./pins.ts";

/** A package that Go lists. */
interface Package {
  readonly importPath: string;
  /** Whether it belongs to the project's module. */
  readonly own: boolean;
  /** Its Go files and what they embed. */
  readonly files: readonly string[];
  /** All that a program is made of; empty for other packages. */
  readonly dependencies: readonly string[];
}

const format = [
  "{{.ImportPath}}",
  "{{if .Module}}{{.Module.Main}}{{end}}",
  "{{.Dir}}",
  '{{join .GoFiles ","}},{{join .EmbedFiles ","}}',
  '{{if eq .Name "main"}}{{join .Deps ","}}{{end}}',
].join("\t");

/** The packages named and all that they import; downloads modules that are not there yet. */
async function list(
  packages: readonly string[],
  flags: readonly string[] = [],
): Promise<Package[]> {
  // Go would take its own folder for what is meant.
  if (packages.length === 0) return [];
  const { stdout } = await promisify(execFile)(
    await findGo(),
    ["list", "-deps", ...flags, "-f", format, ...packages],
    { cwd: moduleRoot, env: goEnvironment(), maxBuffer: 256 << 20 },
  );
  const words = (text: string): string[] => text.split(",").filter((word) => word !== "");
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [importPath = "", own, directory = "", files = "", dependencies = ""] =
        line.split("\t");
      return {
        importPath,
        own: own === "true",
        files: words(files).map((file) => join(directory, file)),
        dependencies: words(dependencies),
      };
    });
}

/**
 * One hash for each tool of what it is made of: the locked modules, how it is built, and, for the project's own
 * programs, their sources.
 */
export async function sourceHashes(tools: readonly Tool[]): Promise<string[]> {
  const own = tools.filter(({ build }) => build.package.startsWith("./"));
  const packages = (await list(own.map(({ build }) => build.package))).filter((each) => each.own);
  return tools.map((tool) => {
    const hash = createHash("sha256").update(readFileSync(join(moduleRoot, "go.sum")));
    hash.update(JSON.stringify([tool.version, tool.build]));
    if (tool.build.patch !== undefined)
      hash.update(readFileSync(join(moduleRoot, tool.build.patch.file)));
    if (own.includes(tool)) {
      const path = join("/", tool.build.package);
      const program = packages.find(
        ({ importPath, dependencies }) => dependencies.length > 0 && importPath.endsWith(path),
      );
      if (program === undefined) throw new Error(`${tool.build.package} is no program`);
      const parts = new Set([program.importPath, ...program.dependencies]);
      const files = packages.filter(({ importPath }) => parts.has(importPath));
      for (const file of files.flatMap((each) => each.files).sort())
        hash.update(file.slice(moduleRoot.length)).update(readFileSync(file));
    }
    return hash.digest("hex").slice(0, 16);
  });
}

/** Bytes of Go source of each package that programs are made of, by import path: what compiling takes follows them. */
export async function packageSizes(
  programs: readonly string[],
  flags: readonly string[],
): Promise<Map<string, number>> {
  const packages = await list(programs, flags);
  return new Map(
    packages.map(({ importPath, files }) => [
      importPath,
      files.reduce((sum, file) => sum + (file.endsWith(".go") ? statSync(file).size : 0), 0),
    ]),
  );
}
