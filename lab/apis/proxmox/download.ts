import { createHash, getHashes } from "node:crypto";
import { part } from "../web/exchange.ts";
import { failure, parameterError, reasonOf } from "./api-error.ts";
import { checkFileName, isFileContent } from "./local-files.ts";
import type { Route } from "./route.ts";
import { nodeOf, type Download, type Site } from "./site.ts";
import { checkContent, storageOn } from "./storage-types.ts";

const algorithms = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

/** A checksum asked for. */
interface Checksum {
  readonly algorithm: string;
  readonly expected: string;
}

/**
 * @throws 500 `checksum mismatch: got '...' != expect '...'`. A stand-in passes under the checksum of
 * the file that it stands for.
 */
export function verifyChecksum(download: Download, { algorithm, expected }: Checksum): void {
  const stated = download.standsFor?.[algorithm];
  const own = createHash(algorithm).update(download.body).digest("hex");
  const wanted = expected.toLowerCase();
  if (own === wanted || stated?.toLowerCase() === wanted) return;
  throw failure(`checksum mismatch: got '${stated ?? own}' != expect '${expected}'`);
}

/** Both parameters or neither. @throws 400. */
export function checksumOf(
  algorithm: string | undefined,
  expected: string | undefined,
): Checksum | undefined {
  if (algorithm === undefined && expected === undefined) return undefined;
  if (algorithm === undefined || expected === undefined)
    throw parameterError({ checksum: "checksum and checksum-algorithm must be given together" });
  if (!algorithms.includes(algorithm) || !getHashes().includes(algorithm))
    throw parameterError({
      "checksum-algorithm": `value '${algorithm}' does not have a value in the enumeration '${algorithms.join(", ")}'`,
    });
  return { algorithm, expected };
}

/** `download-url` and `query-url-metadata`: a node fetches a file by itself. */
export function downloadRoutes(site: Site): Route[] {
  return [
    {
      method: "GET",
      path: "nodes/:node/query-url-metadata",
      parameters: ["url", "verify-certificates"],
      handle: async (call) => {
        nodeOf(site, call);
        const url = call.parameters.required("url");
        const { body } = await fetchFor(site, url);
        return {
          filename: new URL(url).pathname.split("/").at(-1),
          size: body.length,
          mimetype: "application/octet-stream",
        };
      },
    },
    {
      method: "POST",
      path: "nodes/:node/storage/:storage/download-url",
      parameters: [
        ...["content", "filename", "node", "storage", "url", "verify-certificates"],
        ...["checksum", "checksum-algorithm"],
      ],
      handle: (call) => {
        const node = nodeOf(site, call).name;
        const storage = storageOn(node, part(call, "storage"));
        const content = call.parameters.required("content");
        const name = normalized(call.parameters.required("filename"));
        const url = call.parameters.required("url");
        checkContent(storage, content);
        if (!isFileContent(content) || content === "snippets")
          throw parameterError({ content: `cannot download content of type '${content}'` });
        checkFileName(content, name);
        const checksum = checksumOf(
          call.parameters.text("checksum-algorithm"),
          call.parameters.text("checksum"),
        );
        if (site.files.find(node, `${storage.storage}:${content}/${name}`) !== undefined)
          throw failure(`refusing to override existing file '${name}'`);
        const subject = { node, type: "download", id: name, user: call.user };
        return site.tasks.start(subject, async (log) => {
          log.line(`downloading ${url} to ${storage.settings["path"] ?? ""}/${content}/${name}`);
          const download = await fetchFor(site, url);
          if (checksum !== undefined) {
            verifyChecksum(download, checksum);
            log.line("checksum verified");
          }
          const file = { storage: storage.storage, content, name };
          await site.files.write(node, file, download.body);
          log.line("download finished");
        });
      },
    },
  ];
}

/** pve-storage, Storage.pm: normalize_content_filename. */
function normalized(name: string): string {
  return name.replace(/^.*[/\\]/, "").replaceAll(/[^a-zA-Z0-9_.-]/g, "_");
}

async function fetchFor(site: Site, url: string): Promise<Download> {
  if (!/^https?:\/\//.test(url))
    throw parameterError({ url: `not an http or https URL: '${url}'` });
  try {
    return await site.download(url);
  } catch (error) {
    throw failure(`download failed: ${reasonOf(error)}`);
  }
}
