import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { accept, type JsonObject } from "./json.ts";

/** One rule: which requests go to which service. */
export interface IngressRule {
  readonly hostname?: string;
  readonly path?: string;
  readonly service: string;
  /** What cloudflared demands of a request before it goes there. */
  readonly originRequest?: { readonly access: TunnelAccess };
}

/** Only what Access has let through: https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/origin-configuration/#access */
export interface TunnelAccess {
  readonly required?: boolean;
  readonly teamName?: string;
  readonly audTag?: readonly string[];
}

const access = z.looseObject({
  required: z.boolean("access.required is true or false").optional(),
  teamName: z.string("access.teamName is a text").optional(),
  audTag: z.array(z.string(), "access.audTag is a list of texts").optional(),
});

const rule = z.looseObject({
  hostname: z.string().optional(),
  path: z.string().optional(),
  service: z.string("a rule needs a service"),
  originRequest: z.looseObject({ access: access.optional() }).optional(),
});

const configuration = z.looseObject({
  ingress: z.array(rule).min(1, "at least one rule is needed, the catch-all").optional(),
  originRequest: z.looseObject({}).optional(),
});

/**
 * A tunnel's `config`, as sent: nothing is filled in.
 * @throws 400 with code 1056 for what cloudflared would not take: rules behind a catch-all, none at the end, a
 *   service of unknown form. Source: "Ingress rules" of cloudflared's documentation.
 */
export function acceptConfiguration(config: unknown): JsonObject {
  const accepted = accept(configuration, config, bad);
  const rules = accepted.ingress ?? [];
  for (const [index, one] of rules.entries()) checkRule(one, index, index === rules.length - 1);
  return accepted;
}

/** The rules of an accepted configuration, in order. */
export function ingressOf(config: JsonObject | undefined): readonly IngressRule[] {
  return ((config?.ingress ?? []) as z.infer<typeof rule>[]).map(
    ({ hostname, path, service, originRequest }) => ({
      ...(hostname !== undefined && hostname !== "" && { hostname }),
      ...(path !== undefined && path !== "" && { path }),
      service,
      ...(originRequest?.access !== undefined && {
        originRequest: { access: originRequest.access },
      }),
    }),
  );
}

function checkRule(
  { hostname = "", path = "", service, originRequest }: z.infer<typeof rule>,
  index: number,
  last: boolean,
): void {
  const catchAll = (hostname === "" || hostname === "*") && path === "";
  if (last && !catchAll)
    throw bad(
      "The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)",
    );
  if (!last && catchAll)
    throw bad(
      `Rule #${index + 1} is matching the hostname '${hostname}', but this will match every hostname, ` +
        "meaning the rules which follow it will never be triggered.",
    );
  checkHostname(hostname);
  checkPath(path, index);
  checkService(service);
  // cloudflared, ingress/ingress.go validateAccessConfiguration.
  const { required, teamName = "", audTag = [] } = originRequest?.access ?? {};
  if (required === true && teamName === "" && audTag.length > 0)
    throw bad("access.TeamName cannot be blank when access.audTags are present");
}

function checkHostname(hostname: string): void {
  if (hostname.includes(":")) throw bad("Hostname cannot contain a port");
  if (hostname !== "*" && hostname.slice(hostname.startsWith("*.") ? 2 : 0).includes("*"))
    throw bad(
      'Hostname patterns can have at most one wildcard character ("*") and it can only be used for ' +
        'subdomains, e.g. "*.example.com"',
    );
}

function checkPath(path: string, index: number): void {
  try {
    new RegExp(path);
  } catch {
    throw bad(`Rule #${index + 1} has an invalid regex`);
  }
}

const words = ["hello_world", "hello-world", "bastion", "socks-proxy"];
const schemes = ["http:", "https:", "tcp:", "ssh:", "rdp:", "smb:"];

/** The forms that cloudflared knows; a URL names an origin, never a path on it. */
function checkService(service: string): void {
  if (words.includes(service) || /^unix(\+tls)?:\/./.test(service)) return;
  if (service.startsWith("http_status:")) {
    if (/^http_status:[1-9]\d\d$/.test(service)) return;
    throw bad(`${service} is not a valid HTTP status code: use http_status:404 or another one`);
  }
  const url = URL.canParse(service) ? new URL(service) : undefined;
  if (url === undefined || !schemes.includes(url.protocol) || url.host === "")
    throw bad(`${service} is an invalid address, please make sure it has a scheme and a hostname`);
  if (url.pathname !== "" && url.pathname !== "/")
    throw bad(
      `${service} is an invalid address, ingress rules don't support proxying to a different path on the ` +
        "origin service. The path will be the same as the eyeball request's path",
    );
}

function bad(message: string): ApiError {
  return new ApiError(400, 1056, `Bad Configuration: Validation failed: ${message}`);
}
