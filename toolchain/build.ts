/** Builds programs of the project's one Go module. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { symlink } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cached } from "./cache.ts";
import { download } from "./download.ts";
import { go as goPin, goModule, type Tool } from "./pins.ts";

const run = promisify(execFile);

/** The root of the clone. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The project's one Go module: where Go runs. */
export const moduleRoot = join(root, goModule);

/** Go from 1.21 on fetches the toolchain that go.mod asks for by itself; an older one cannot. */
async function installedGo(): Promise<string | undefined> {
  for (const candidate of ["go", "/usr/local/go/bin/go"]) {
    try {
      const { stdout } = await run(candidate, ["env", "GOVERSION"], {
        env: { ...process.env, GOTOOLCHAIN: "local" },
        cwd: "/",
      });
      const [major = 0, minor = 0] = stdout.trim().replace(/^go/, "").split(".").map(Number);
      if (major > 1 || (major === 1 && minor >= 21)) return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return undefined;
}

/** A Go that can build this module: installed, else downloaded. Throws one line when there is none. */
export async function findGo(): Promise<string> {
  const installed = await installedGo();
  if (installed !== undefined) return installed;
  try {
    const directory = await cached("go", goPin.version, async (scratch) => {
      await download({ url: goPin.url, checksums: goPin.checksums, extract: "all" }, scratch);
    });
    return join(directory, "go", "bin", "go");
  } catch (error) {
    throw new Error(
      "Go 1.21 or newer is needed to build the lab's programs, is not installed, and could not be downloaded " +
        `(${error instanceof Error ? error.message : String(error)}); install it and run the same command again`,
      { cause: error },
    );
  }
}

/** Go sources that a package of this module is made of, as one hash; changes with go.mod's pins too. */
export async function sourceHash(tool: Tool): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(join(moduleRoot, "go.sum")));
  hash.update(JSON.stringify([tool.version, tool.build]));
  if (tool.build.package.startsWith("./")) {
    const go = await findGo();
    const format =
      "{{if not .Standard}}{{if .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}\n{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}\n{{end}}{{end}}{{end}}";
    const { stdout } = await run(go, ["list", "-deps", "-f", format, tool.build.package], {
      cwd: moduleRoot,
      env: goEnvironment(),
      maxBuffer: 64 << 20,
    });
    for (const file of stdout
      .split("\n")
      .filter((line) => line !== "")
      .sort()) {
      hash.update(file.slice(moduleRoot.length)).update(readFileSync(file));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Environment of every call of Go: the toolchain that go.mod names, modules as locked. All calls share it, because
 * other flags would compile the Kubernetes libraries once more.
 */
export function goEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    GOTOOLCHAIN: "auto",
    GOFLAGS: "-buildvcs=false -mod=readonly -trimpath",
    CGO_ENABLED: "0",
  };
}

/** Builds `tool` into `directory`, with one symlink for each further name that it answers to. */
export async function build(tool: Tool, directory: string): Promise<void> {
  const variables = Object.entries(tool.build.variables).map(
    ([name, value]) => `-X ${name}=${value}`,
  );
  const output = join(directory, tool.programs.includes(tool.name) ? tool.name : `.${tool.name}`);
  const flags = ["-ldflags", ["-s -w", ...variables].join(" "), "-o", output];
  try {
    await run(await findGo(), ["build", ...flags, tool.build.package], {
      cwd: moduleRoot,
      env: goEnvironment(),
      maxBuffer: 64 << 20,
    });
  } catch (error) {
    const text = (error as { stderr?: string }).stderr ?? "";
    throw new Error(`building ${tool.name} failed:\n${text.split("\n").slice(-20).join("\n")}`, {
      cause: error,
    });
  }
  for (const program of tool.programs.filter((name) => name !== tool.name)) {
    await symlink(output.slice(directory.length + 1), join(directory, program));
  }
}
