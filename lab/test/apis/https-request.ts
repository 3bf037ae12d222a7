import { request, type RequestOptions } from "node:https";

/** An answer, with the text of its status line. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** One request on a connection of its own; rejects when there is no answer. */
export function httpsRequest(options: RequestOptions, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent: false, ...options }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", reject);
      incoming.once("end", () => {
        resolve({
          status: incoming.statusCode ?? 0,
          statusText: incoming.statusMessage ?? "",
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        });
      });
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}
