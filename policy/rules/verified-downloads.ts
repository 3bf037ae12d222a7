import type { Finding, ResourceRule } from "../rule.ts";
import { at, text, unknown, type SeenMap } from "../seen.ts";
import { unverifiedDownloads } from "../script-downloads.ts";

/** Hex digits of each algorithm that still proves something. */
const digits: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

const commandType = "command:remote:Command";
const fileType = "proxmoxve:download/file:File";
const uploadType = "proxmoxve:index/fileLegacy:FileLegacy";

/** What comes from elsewhere runs as root at home: it must be what was meant. */
export const verifiedDownloads: ResourceRule = {
  name: "downloads-are-verified",
  description:
    "Whatever is downloaded is compared with a checksum before it is used: images by the host that downloads them, " +
    "files of scripts by the script.",
  judge: ({ type, inputs }) => {
    switch (type) {
      case fileType:
        return checksum(inputs["checksum"], inputs["checksumAlgorithm"]);
      case uploadType:
        return upload(inputs);
      case commandType:
        return scripts(inputs);
      default:
        return [];
    }
  },
};

function checksum(
  value: SeenMap[string] | undefined,
  algorithm: SeenMap[string] | undefined,
): readonly Finding[] {
  if (at(value) === unknown || at(algorithm) === unknown) return [];
  const [sum, name] = [text(value) ?? "", text(algorithm) ?? ""];
  const length = digits[name];
  if (sum === "") {
    return ["checksum is missing; give the one that the publisher states, and checksumAlgorithm"];
  }
  if (length === undefined) {
    const known = Object.keys(digits).join(", ");
    return [`checksumAlgorithm is ${name === "" ? "missing" : name}; use one of ${known}`];
  }
  if (!new RegExp(`^[0-9a-f]{${length}}$`, "i").test(sum)) {
    return [`checksum is no ${name}; that has ${length} hex digits`];
  }
  return [];
}

function upload(inputs: SeenMap): readonly Finding[] {
  const path = text(at(inputs["sourceFile"], "path")) ?? "";
  const sum = at(inputs["sourceFile"], "checksum");
  if (!/^https?:/.test(path) || sum === unknown || /^[0-9a-f]{64}$/i.test(text(sum) ?? "")) {
    return [];
  }
  return [
    "sourceFile.checksum is no SHA-256; give it, or let the host download the file (download.File)",
  ];
}

function scripts(inputs: SeenMap): readonly Finding[] {
  return ["create", "update", "delete", "stdin"].flatMap((input) =>
    unverifiedDownloads(text(inputs[input]) ?? "").map(
      ({ line, problem }) => `${input}, line ${line}: ${problem}`,
    ),
  );
}
