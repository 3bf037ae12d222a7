import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";
import type { Answer, WebRequest } from "../web/exchange.ts";

/** Runs git's own CGI program (RFC 3875) for a request to a repository in a folder; `user` may push. */
export async function httpBackend(
  folder: string,
  user: string,
  { method, path, query, headers, body }: WebRequest,
): Promise<Answer> {
  const child = spawn("git", ["http-backend"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      REMOTE_USER: user || "token",
      REQUEST_METHOD: method,
      PATH_INFO: path,
      QUERY_STRING: query.toString(),
      CONTENT_TYPE: headers["content-type"] ?? "",
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(headers["git-protocol"] ?? ""),
    },
  });
  // A program that has read enough closes its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(body);
  return parseAnswer(await buffer(child.stdout));
}

/** What a CGI program answers: its headers, an empty line, and the body. */
export function parseAnswer(output: Buffer): Answer {
  const end = output.indexOf("\r\n\r\n");
  if (end < 0) throw new Error("git http-backend ended without an answer");
  const lines = output.subarray(0, end).toString("latin1").split("\r\n");
  const fields = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const { status = "200", ...headers } = Object.fromEntries(fields);
  return { status: Number.parseInt(status, 10), headers, body: output.subarray(end + 4) };
}
