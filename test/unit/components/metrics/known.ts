import { readdirSync, readFileSync } from "node:fs";

/** What a histogram and a summary are stored as. */
const suffixes = ["", "_bucket", "_count", "_sum"];

/** Names of the metrics that the site's exporters have, a file an exporter; NOTICE.md says where from. */
export const knownMetrics: ReadonlySet<string> = new Set(
  readdirSync(new URL(".", import.meta.url))
    .filter((file) => file.endsWith(".txt"))
    .flatMap((file) =>
      readFileSync(new URL(file, import.meta.url), "utf8")
        .trim()
        .split("\n"),
    )
    .flatMap((name) => suffixes.map((suffix) => name + suffix)),
);
