/** The few calls to Cloudflare's API that the look around, a destroy, a repair and the doctor make besides the provider's. */
import { PatientHttp } from "../http/patient-http.ts";
import { siteOfAccessName, siteOfComment, tunnelName, tunnelTarget } from "./names.ts";
import type { Leftover, LeftoverKind } from "../leftover.ts";

/** Cloudflare's API with a site's account and zone. */
export interface CloudflareAccount {
  /** With `/client/v4`, without a closing slash. */
  readonly baseUrl: string;
  readonly token: string;
  readonly accountId: string;
  readonly zoneId: string;
}

/** Where the API is, without a slash at its end: at `told`, else where CLOUDFLARE_BASE_URL says, else on the internet. */
export function cloudflareUrl(told?: string): string {
  const base = told ?? process.env["CLOUDFLARE_BASE_URL"] ?? "https://api.cloudflare.com/client/v4";
  return base.replace(/\/+$/, "");
}

/** The account and zone of a site's edge, asked with this token. */
export function accountAt(
  { accountId, zoneId }: Pick<CloudflareAccount, "accountId" | "zoneId">,
  token: string,
  baseUrl = cloudflareUrl(),
): CloudflareAccount {
  return { baseUrl, token, accountId, zoneId };
}

interface Envelope {
  readonly success?: boolean;
  readonly result?: unknown;
  readonly errors?: readonly { readonly code?: number; readonly message?: string }[];
}

const pageSize = 50;
const http = new PatientHttp();

async function call(
  { baseUrl, token }: CloudflareAccount,
  method: "GET" | "DELETE",
  path: string,
): Promise<unknown> {
  const what = `Cloudflare's API, ${method} ${path.replace(/\?.*/, "")}`;
  const { status, text } = await http.call(what, {
    method,
    url: `${baseUrl}/${path}`,
    headers: { authorization: `Bearer ${token}`, accept: "application/json" },
  });
  let answer: Envelope;
  try {
    answer = JSON.parse(text) as Envelope;
  } catch {
    throw new Error(`${what}: ${status}, and what it says is no JSON`);
  }
  if (status < 300) return answer.result;
  const said = (answer.errors ?? []).map(
    ({ code, message }) => `${message ?? "?"} (${code ?? "?"})`,
  );
  throw new Error(`${what}: ${status}, ${said.join("; ") || "no further words"}`);
}

/** Every object of a list, page by page: https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/#pagination */
export async function list(
  account: CloudflareAccount,
  path: string,
): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for (let page = 1; ; page += 1) {
    const mark = path.includes("?") ? "&" : "?";
    const part = await call(account, "GET", `${path}${mark}page=${page}&per_page=${pageSize}`);
    if (!Array.isArray(part)) throw new Error(`Cloudflare's API, GET ${path}: gives no list`);
    found.push(...(part as Record<string, unknown>[]));
    if (part.length < pageSize) return found;
  }
}

/** Drops what cloudflared still holds of a tunnel, so that the tunnel can be deleted; connections of a live one come back. */
export async function dropConnections(account: CloudflareAccount, tunnel: string): Promise<void> {
  await call(account, "DELETE", `accounts/${account.accountId}/cfd_tunnel/${tunnel}/connections`);
}

/** Whether the account has this tunnel; one that was deleted is not in the list. */
export async function tunnelLives(account: CloudflareAccount, tunnel: string): Promise<boolean> {
  const path = `accounts/${account.accountId}/cfd_tunnel?is_deleted=false`;
  return (await list(account, path)).some(({ id }) => id === tunnel);
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** An object of a list; the parts of Cloudflare's API call the moment of its creation differently. */
function leftover(kind: LeftoverKind, object: Record<string, unknown>): Leftover {
  const { name, id, created_at: at, created_on: on } = object;
  const created = text(at) || text(on) || undefined;
  return { kind, name: text(name), id: text(id), created };
}

const accessPaths = [
  ["Access application", "access/apps"],
  ["Access policy", "access/policies"],
  ["Access service token", "access/service_tokens"],
] as const;

/** Deletes one object. Rejects for a tunnel that is connected, and for what something else still uses. */
export async function removeAtCloudflare(
  account: CloudflareAccount,
  { kind, id }: Leftover,
): Promise<void> {
  const access = accessPaths.find(([one]) => one === kind)?.[1];
  const inAccount = kind === "tunnel" ? "cfd_tunnel" : access;
  if (inAccount !== undefined) {
    await call(account, "DELETE", `accounts/${account.accountId}/${inAccount}/${id}`);
  } else if (kind === "DNS record") {
    await call(account, "DELETE", `zones/${account.zoneId}/dns_records/${id}`);
  } else {
    throw new Error(`a ${kind} is not at Cloudflare`);
  }
}

/** What the account and zone still hold of a site. `tunnel` is the id of the tunnel that the state knew. */
export async function cloudflareLeftovers(
  account: CloudflareAccount,
  site: string,
  tunnel?: string,
): Promise<Leftover[]> {
  const { accountId, zoneId } = account;
  const tunnels = (await list(account, `accounts/${accountId}/cfd_tunnel?is_deleted=false`)).filter(
    ({ name, deleted_at }) => name === tunnelName(site) && text(deleted_at) === "",
  );
  const targets = new Set(
    [...tunnels.map(({ id }) => text(id)), ...(tunnel === undefined ? [] : [tunnel])].map(
      tunnelTarget,
    ),
  );
  const records = (await list(account, `zones/${zoneId}/dns_records`)).filter(
    ({ content, comment }) => targets.has(text(content)) || siteOfComment(text(comment)) === site,
  );
  const access = await Promise.all(
    accessPaths.map(async ([kind, path]) =>
      (await list(account, `accounts/${accountId}/${path}`))
        .filter(({ name }) => siteOfAccessName(text(name)) === site)
        .map((object) => leftover(kind, object)),
    ),
  );
  return [
    ...tunnels.map((object) => leftover("tunnel", object)),
    ...records.map((object) => leftover("DNS record", object)),
    ...access.flat(),
  ];
}
