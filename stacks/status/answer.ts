/** How a name of the site is asked from where the command runs, and what its answer is worth. */
import { daysLeft } from "../../components/days.ts";
import { ok, problem, warning, type Finding } from "../doctor/finding.ts";
import type { Exposed } from "../exposure/table.ts";
import type { SiteConfig } from "../schema.ts";

/** What is asked of whom. */
export interface Question {
  /** `tls` is a handshake, `tcp` a connection. */
  readonly by: "https" | "http" | "tls" | "tcp";
  /** An address, or the name itself. */
  readonly at: string;
  readonly port: number;
  /** The name that is asked for; none for a listener. */
  readonly name?: string;
  readonly path: string;
}

/** What was heard. */
export interface Heard {
  /** Of HTTP. */
  readonly status?: number;
  /** Where an answer leads to. */
  readonly location?: string;
  /** Of TLS: when the certificate ends, RFC 3339, and why it is none for this name, in Node's words. */
  readonly certificate?: { readonly ends: string; readonly fault?: string };
}

/** Asks once; rejects when nobody answers. */
export type AskName = (question: Question) => Promise<Heard>;

/** What a name answered; `asked` is false where it cannot be asked from here, and why not. */
export interface Answer {
  readonly asked: boolean;
  readonly severity: Finding["severity"];
  readonly text: string;
}

/** How a name is asked, or why it cannot be. `all` are the site's names. */
export function questionOf(
  one: Exposed,
  all: readonly Exposed[],
  { gateway }: Pick<SiteConfig, "gateway">,
): Question | string {
  const { host, to, protocol, port, path = "/", tls } = one;
  if (protocol === "udp") return "UDP: whoever does not speak its protocol gets no answer";
  const question: Omit<Question, "at"> = {
    by: protocol === "http" ? (tls === "none" ? "http" : "https") : protocol,
    ...{ port, path },
    ...(protocol === "tcp" ? {} : { name: host }),
  };
  if (to === "public") {
    return all.some((other) => other.host === host && other.to !== "public")
      ? "at home this name leads to the gateway there"
      : { ...question, at: host };
  }
  const at = gateway?.[to === "lan" ? "lan" : "internal"].address;
  return at === undefined
    ? "homelab:gateway.internal.address does not say where it is"
    : { ...question, at };
}

/** What a name that was asked is worth. An error says why nobody answered. */
export function judgeHeard(
  { to, access }: Pick<Exposed, "to" | "access">,
  { by }: Pick<Question, "by">,
  heard: Heard | Error,
): Answer {
  const said = (severity: Answer["severity"], text: string): Answer => ({
    ...{ asked: true, severity, text },
  });
  if (heard instanceof Error) return said("error", `does not answer: ${heard.message}`);
  const { status, location, certificate } = heard;
  const fault = certificate?.fault;
  if (fault !== undefined) return said("error", `its certificate is not for it: ${fault}`);
  if (status === undefined) return said("ok", by === "tls" ? "shakes hands" : "takes connections");
  if (to === "public" && access.length > 0) return said(...judgeDoor(status, location));
  if (status >= 500) return said("error", `answers ${status}`);
  return said(status === 404 ? "warning" : "ok", `answers ${status}`);
}

/**
 * Access sends whoever has not logged in to its own login page, and refuses where only service tokens pass. A name that
 * answers otherwise is open.
 * @see https://developers.cloudflare.com/cloudflare-one/access-controls/policies/
 */
function judgeDoor(
  status: number,
  location = "",
): readonly [severity: Answer["severity"], text: string] {
  if (/^https:\/\/[^/]+\.cloudflareaccess\.com\//.test(location))
    return ["ok", "Access asks for a login"];
  if (status === 401 || status === 403) return ["ok", `Access refuses (${status})`];
  if (status >= 500) return ["error", `answers ${status}`];
  return ["error", `answers ${status} without a login: Access does not stand in front`];
}

/** The answers that are not fine, as findings. */
export function answerFinding(
  { host, to, from }: Pick<Exposed, "host" | "to" | "from">,
  { asked, severity, text }: Answer,
): readonly Finding[] {
  if (!asked) return [];
  const subject = `name ${host}`;
  if (severity === "ok") return [ok(subject, text)];
  const remedy = {
    public: `docs/cloudflare.md; the tunnel's pods: kubectl -n cloudflared get pods (${from})`,
    lan: `docs/gateway.md; is this workstation on the LAN or the tailnet? (${from})`,
    tailnet: `docs/gateway.md; is this workstation a device of the tailnet? (${from})`,
  }[to];
  return [(severity === "error" ? problem : warning)(subject, text, remedy)];
}

/** The end of a certificate, with its days. */
export function endingAt(
  ends: string,
  now: Date,
): { readonly ends: string; readonly days: number } {
  return { ends, days: daysLeft(new Date(ends), now) };
}
