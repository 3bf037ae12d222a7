/** Files of other projects' repositories, out of the Go modules that are copies of them. */
import { createHash } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "./cache.ts";
import { moduleFolder } from "./go.ts";
import { repositories } from "./pins.ts";

/**
 * A folder with the pinned files at REPOSITORY/TAG/PATH, as raw.githubusercontent.com has them. Go compares each module with
 * the public checksum database; what applies the files compares them with checksums of its own.
 * @see https://go.dev/ref/mod#zip-files
 */
export async function ensureRepositories(): Promise<string> {
  const key = createHash("sha256").update(JSON.stringify(repositories)).digest("hex").slice(0, 16);
  return cached("repositories", key, async (directory) => {
    for (const { name, tag, module, version = tag, folder } of repositories) {
      const source = await moduleFolder(`${module}@${version}`);
      const target = join(directory, name, tag, folder);
      await cp(join(source, folder), target, { recursive: true });
    }
  });
}
