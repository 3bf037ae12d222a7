/** Go itself: which one, with which environment, and where it runs. */
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { availableParallelism, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cached } from "./cache.ts";
import { download } from "./download.ts";
import { go as goPin, goModule, goTags } from "./pins.ts";

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

/**
 * Environment of every call of Go: the toolchain that go.mod names, modules as locked. All calls share it, because
 * other flags would compile the Kubernetes libraries once more. The linker drops debug information, so the compiler
 * does not write any.
 */
export function goEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    GOTOOLCHAIN: "auto",
    GOFLAGS: `-buildvcs=false -mod=readonly -trimpath -gcflags=all=-dwarf=false -tags=${goTags.join(",")}`,
    CGO_ENABLED: "0",
  };
}

/**
 * Where Go keeps a module once it has downloaded it: `PATH` as lab/go.mod has it, or `PATH@VERSION`. Go compares it with
 * go.sum or the public checksum database. Throws Go's reason when it is not to be had.
 */
export async function moduleFolder(module: string): Promise<string> {
  const options = { cwd: moduleRoot, env: goEnvironment(), maxBuffer: 64 << 20 };
  const { stdout } = await run(await findGo(), ["mod", "download", "-json", module], options).catch(
    (error: Error & { stdout?: string }) => {
      // Where a module is not to be had, Go says so on standard output and ends with 1.
      const said = error.stdout ? (JSON.parse(error.stdout) as { Error?: string }) : {};
      throw new Error(said.Error ?? error.message, { cause: error });
    },
  );
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}

/**
 * What lets compilers and linkers work without collecting their garbage, where there is memory for one on each core:
 * measured, a sixth of their time. They start to collect at half of a core's share.
 */
export function memoryForTime(
  bytes = Math.min(totalmem(), process.constrainedMemory() || Infinity),
  cores = availableParallelism(),
): NodeJS.ProcessEnv {
  const share = bytes / cores;
  return share < 4 * 2 ** 30 ? {} : { GOGC: "off", GOMEMLIMIT: String(Math.floor(share / 2)) };
}
