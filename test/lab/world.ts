/** The world outside the sites, as the tests see and spoil it: faults, APIs, mail, and a visitor on the internet. */
import assert from "node:assert/strict";
import { ControlClient } from "../../lab/control/client.ts";
import { ensureCredentials } from "../../lab/world/credentials.ts";
import { publicZone } from "../../lab/world/inventory.ts";
import type { FaultRuleInput } from "../../lab/world/fault-registry.ts";
import { runAsVisitor, runInLab } from "../../lab/shell/inside.ts";
import { paths } from "./command.ts";

const control = new ControlClient(paths.control);

export const credentials = () => ensureCredentials(paths.state);

/** Puts a fault in force; gives the function that tells how many requests have met it. */
export async function fault(rule: FaultRuleInput): Promise<() => Promise<number>> {
  const { id } = await control.addFault(rule);
  let met = 0;
  return async () => {
    // A fault that has ended by itself has met all that it could.
    met = (await control.faults()).find((one) => one.id === id)?.met ?? rule.times ?? met;
    return met;
  };
}

export const noFaults = async (): Promise<void> => {
  await control.clearFaults();
};

export const mailTo = async (address: string) => control.mail(address);

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request from the lab's seat; headers travel on standard input, so that no process list shows them. */
export async function ask(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<Answer> {
  const config = [
    `url = "${url}"`,
    `request = "${method}"`,
    ...Object.entries(headers).map(([name, value]) => `header = "${name}: ${value}"`),
    ...(body === undefined ? [] : [`data-binary = ${JSON.stringify(body)}`]),
    'write-out = "\\n%{http_code}"',
    "silent",
    "show-error",
  ];
  const result = await runInLab(["curl", "-K", "-"], {
    stdio: "capture",
    keepHome: true,
    input: `${config.join("\n")}\n`,
  });
  assert.equal(result.code, 0, `${method} ${url}: ${result.stderr}`);
  const split = result.stdout.lastIndexOf("\n");
  return { status: Number(result.stdout.slice(split + 1)), body: result.stdout.slice(0, split) };
}

/** A request with a bearer's token for what answers with JSON; fails unless it succeeds. */
async function askJson(
  method: string,
  url: string,
  token: string,
  body?: unknown,
): Promise<unknown> {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await ask(method, url, headers, text);
  assert.ok(answer.status < 300, `${method} ${url}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body);
}

/** Cloudflare's API with the account's token; `path` below /client/v4, `{a}` and `{z}` stand for account and zone. */
export async function cloudflare<T>(method: string, path: string, body?: unknown): Promise<T> {
  const { cloudflareToken } = await credentials();
  const filled = path.replace("{a}", publicZone.accountId).replace("{z}", publicZone.id);
  const url = `https://api.cloudflare.com/client/v4/${filled}`;
  return ((await askJson(method, url, cloudflareToken, body)) as { result: T }).result;
}

/** 1Password Connect's API with the token of people; `path` below /v1. */
export async function connect<T>(method: string, path: string, body?: unknown): Promise<T> {
  const { connectToken } = await credentials();
  return (await askJson(method, `https://connect.home.arpa/v1/${path}`, connectToken, body)) as T;
}

/** A record of the zone, as Cloudflare lists it. */
interface DnsRecord {
  readonly id: string;
  readonly name: string;
  readonly content: string;
}

/** The record of the application's public name. */
export async function typeoRecord(): Promise<DnsRecord> {
  const records = await cloudflare<DnsRecord[]>("GET", "zones/{z}/dns_records");
  const found = records.find(({ name }) => name === "typeo.example.net");
  assert.ok(found, "typeo.example.net has no record");
  return found;
}

async function tailnetToken(): Promise<string> {
  const { clientId, clientSecret } = (await credentials()).tailscale;
  const answer = await ask(
    "POST",
    "https://api.tailscale.com/api/v2/oauth/token",
    { "Content-Type": "application/x-www-form-urlencoded" },
    `client_id=${clientId}&client_secret=${clientSecret}`,
  );
  assert.equal(answer.status, 200, answer.body);
  return (JSON.parse(answer.body) as { access_token: string }).access_token;
}

/** Tailscale's API with the tailnet's OAuth client; `path` below /api/v2. Gives the text of the answer. */
export async function tailscale(method: string, path: string, body?: string): Promise<string> {
  const headers = {
    Authorization: `Bearer ${await tailnetToken()}`,
    Accept: path.endsWith("/acl") ? "application/hujson" : "application/json",
    "Content-Type": path.endsWith("/acl") ? "application/hujson" : "application/json",
  };
  const answer = await ask(method, `https://api.tailscale.com/api/v2/${path}`, headers, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`);
  return answer.body;
}

/** A device of the tailnet, as its API lists it. */
export interface Device {
  readonly id: string;
  readonly hostname: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly tags?: readonly string[];
  readonly advertisedRoutes?: readonly string[];
  readonly enabledRoutes?: readonly string[];
}

export async function devices(): Promise<readonly Device[]> {
  const text = await tailscale("GET", "tailnet/-/devices?fields=all");
  return (JSON.parse(text) as { devices: Device[] }).devices;
}

/** Logs somebody of the tailnet in with a device, which is offline; gives its id. */
export async function logIn(user: string, hostname: string): Promise<string> {
  const url = "https://login.tailscale.com/machine/login";
  const headers = { "Content-Type": "application/json" };
  const answer = await ask("POST", url, headers, JSON.stringify({ user, hostname }));
  assert.equal(answer.status, 200, answer.body);
  return (JSON.parse(answer.body) as { deviceId: string }).deviceId;
}

/** What curl is told to ask as a device of the tailnet, by its id, to or through the pod that is another one. */
export const asDevice = (id: string | undefined, podIP: string | undefined): readonly string[] => [
  ...["--proxytunnel", "--proxy", `http://${podIP}:41641`],
  ...["--proxy-header", `Tailnet-Device: ${id}`],
];

/** What a visitor on the internet sees. */
export interface Visit {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** One request from outside every site's network. `more` are further lines of curl's config. */
export async function visit(url: string, more: readonly string[] = []): Promise<Visit> {
  const bundle = `${paths.ca}/bundle.pem`;
  const config = [
    `url = "${url}"`,
    `cacert = "${bundle}"`,
    ...more,
    'write-out = "\\n%{http_code} %{redirect_url}"',
    "max-time = 20",
    "silent",
    "show-error",
  ];
  const result = await runAsVisitor(["curl", "-K", "-"], {
    stdio: "capture",
    input: `${config.join("\n")}\n`,
  });
  assert.equal(result.code, 0, `a visitor of ${url}: ${result.stderr}`);
  const split = result.stdout.lastIndexOf("\n");
  const [status, location] = result.stdout.slice(split + 1).split(" ");
  return {
    status: Number(status),
    location: location === "" ? undefined : location,
    body: result.stdout.slice(0, split),
  };
}
