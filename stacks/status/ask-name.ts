/** Asks names as a client would, at the address where the site's config has them. */
import { request as overHttp, type IncomingMessage } from "node:http";
import { request as overHttps } from "node:https";
import { checkServerIdentity, connect as overTls, type TLSSocket } from "node:tls";
import { trustSystemAuthorities } from "../../components/http/trust.ts";
import { tcpProblem } from "../doctor/ask.ts";
import type { AskName, Heard, Question } from "./answer.ts";

/** Milliseconds: all names are asked at once, with all that the doctor looks at beside them. */
const patience = 20_000;

/**
 * Asks once, within `patience`. A certificate is looked at, and never the reason to hear nothing: an authority of the
 * site's own is one that this workstation need not know.
 */
export const askName: AskName = (question) => {
  switch (question.by) {
    case "https":
    case "http":
      return page(question);
    case "tls":
      return handshake(question);
    case "tcp":
      return connection(question);
  }
};

function page({ by, at, port, name, path }: Question): Promise<Heard> {
  trustSystemAuthorities();
  const options = {
    ...{ host: at, port, path, method: "GET", agent: false, timeout: patience },
    headers: { host: name ?? at, accept: "text/html,*/*", "user-agent": "homelab-status" },
  };
  return new Promise((resolve, reject) => {
    const hear = (response: IncomingMessage): void => {
      const { statusCode: status, headers } = response;
      const certificate =
        by === "https" ? shown(response.socket as TLSSocket, name ?? at) : undefined;
      response.destroy();
      resolve({
        ...(status === undefined ? {} : { status }),
        ...(headers.location === undefined ? {} : { location: headers.location }),
        ...(certificate === undefined ? {} : { certificate }),
      });
    };
    const request =
      by === "https"
        ? overHttps({ ...options, servername: name ?? at, rejectUnauthorized: false }, hear)
        : overHttp(options, hear);
    request.once("timeout", () => request.destroy(late())).once("error", reject);
    request.end();
  });
}

function handshake({ at, port, name = at }: Question): Promise<Heard> {
  trustSystemAuthorities();
  const socket = overTls({ host: at, port, servername: name, rejectUnauthorized: false });
  return new Promise<Heard>((resolve, reject) => {
    socket.setTimeout(patience, () => socket.destroy(late()));
    socket.once("error", reject).once("secureConnect", () => {
      const certificate = shown(socket, name);
      resolve(certificate === undefined ? {} : { certificate });
    });
  }).finally(() => socket.destroy());
}

async function connection({ at, port }: Question): Promise<Heard> {
  const reason = await tcpProblem(at, port, patience);
  if (reason !== undefined) throw new Error(reason);
  return {};
}

const late = (): Error => new Error(`no answer within ${patience / 1000} s`);

/** What a server has shown; faults are those of the name and the time, not of the authority. */
function shown(socket: TLSSocket, name: string): Heard["certificate"] {
  const certificate = socket.getPeerCertificate();
  const ends = new Date(certificate.valid_to);
  if (Number.isNaN(ends.getTime())) return undefined;
  const fault =
    checkServerIdentity(name, certificate)?.message ??
    (ends < new Date() ? `it ended on ${ends.toISOString()}` : undefined);
  return { ends: ends.toISOString(), ...(fault === undefined ? {} : { fault }) };
}
