/** How the doctor asks: HTTP and TCP with time limits. */
import { connect, type Socket } from "node:net";

/** An HTTP answer, whatever its status. */
export interface Heard {
  readonly status: number;
  readonly text: string;
  /** The server's clock less this workstation's in seconds, by the Date header; undefined without one. */
  readonly clock: number | undefined;
}

export type Fetch = (
  url: string,
  options?: { readonly method?: "GET" | "HEAD"; readonly headers?: Record<string, string> },
) => Promise<Heard>;

/** Milliseconds, with the body: lists of charts have tens of megabytes, and all are fetched at once over a home's line. */
const answerMs = 30_000;

/** Asks once; rejects when nobody answers. */
export const ask: Fetch = async (url, { method = "GET", headers = {} } = {}) => {
  const begun = Date.now();
  const response = await fetch(url, {
    method,
    headers,
    signal: AbortSignal.timeout(answerMs),
  });
  const date = Date.parse(response.headers.get("date") ?? "");
  const ours = (begun + Date.now()) / 2;
  const clock = Number.isNaN(date) ? undefined : Math.round((date - ours) / 1000);
  return { status: response.status, text: await response.text(), clock };
};

/** Reads each address once, however many ask for it. */
export function reading(ask: Fetch): (url: string) => Promise<Heard> {
  const heard = new Map<string, Promise<Heard>>();
  return (url) => {
    const answer = heard.get(url) ?? ask(url, { method: "GET" });
    heard.set(url, answer);
    return answer;
  };
}

/** Why nothing listens at a TCP port; undefined when something does. */
export async function tcpProblem(
  host: string,
  port: number,
  milliseconds = 5_000,
): Promise<string | undefined> {
  return tried(host, port, milliseconds, (socket, done) => socket.once("connect", done));
}

/**
 * Why a TCP port gives nothing back to a request; undefined when it answers or ends the connection. A port that takes a
 * connection is not enough: a router that sees one direction alone lets the first packets through and drops the rest.
 */
export async function answerProblem(
  host: string,
  port: number,
  milliseconds = 5_000,
): Promise<string | undefined> {
  return tried(host, port, milliseconds, (socket, done) => {
    socket.once("connect", () => socket.write(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`));
    socket.once("data", done).once("end", done);
  });
}

async function tried(
  host: string,
  port: number,
  milliseconds: number,
  attempt: (socket: Socket, done: () => void) => void,
): Promise<string | undefined> {
  const socket = connect({ host, port });
  const timer = setTimeout(
    () => socket.destroy(new Error(`no answer within ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      attempt(socket, resolve);
      socket.once("error", reject);
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
