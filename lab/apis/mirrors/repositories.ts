import { stat } from "node:fs/promises";
import { join, normalize } from "node:path";
import type { OffersOf } from "./offer.ts";

/** raw.githubusercontent.com: files at REPOSITORY/TAG/PATH below `folder`; it answers with plain text, whatever a file is. */
export function repositoryOffers(folder: string): OffersOf {
  return async (path) => {
    // Normalized as an absolute path, so that none leads out of the folder.
    const file = join(folder, normalize(path));
    const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    });
    return found?.isFile() ? { file, type: "text/plain; charset=utf-8" } : undefined;
  };
}
